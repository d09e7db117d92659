"""Finds mistakes in the settings before anything is trained."""

from mmengine.config import Config
from mmseg.registry import HOOKS, MODELS, TRANSFORMS

from mmseg_gist.datasets.labels import inner_datasets, loads, step_name
from mmseg_gist.utils import UserError

from .config import consistency_parts, ignore_index
from .labeler import temperature_scaling
from .path import ROOT
from .registry import build
from .schedule import fit_schedule
from .stage import Stage


def check_settings(cfg: Config) -> None:
    """Checks everything but the data: schedules, metrics, settings of later stages.

    Args:
        cfg (Config): The user's config.

    Raises:
        UserError: Names the setting.
    """
    check_schedules(cfg)
    check_evaluator(cfg.get('val_evaluator'))
    check_ignore_index(cfg)
    check_later_stages(cfg)


def check_schedules(cfg: Config) -> None:
    """Checks that schedules fit into the stages."""
    for stage in (Stage(cfg, ROOT), Stage(cfg, ('L',))):  # stage 0, and all others
        fit_schedule(stage.cfg.get('param_scheduler'), stage.iters)


def check_evaluator(evaluator) -> None:
    """Checks that there is mmseg's mIoU, by which stages are compared."""
    for part in evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]:
        if not part or step_name(part) not in ('IoUMetric', 'ClassIoUMetric'):
            return  # the user's own metric may give it
        if 'mIoU' in part.get('iou_metrics', ['mIoU']) and not part.get('prefix'):
            return
    raise UserError(
        "val_evaluator gives no mIoU: add 'mIoU' to iou_metrics of its IoUMetric, and "
        'remove its prefix'
    )


def check_ignore_index(cfg: Config) -> None:
    """Checks that all settings of the ignored label agree."""
    found = {'model.decode_head.ignore_index': ignore_index(cfg.model)}
    preprocessor = cfg.model.get('data_preprocessor') or {}
    if preprocessor.get('size') or preprocessor.get('size_divisor'):
        found['model.data_preprocessor.seg_pad_val'] = preprocessor.get(
            'seg_pad_val', 255
        )
    for name in ('train', 'val', 'test'):
        dataloader = cfg.get(f'{name}_dataloader')
        if not dataloader:
            continue
        for dataset in inner_datasets(dataloader.dataset):
            if 'ignore_index' in dataset:
                key = f'{name}_dataloader.dataset.ignore_index'
                found[key] = dataset.ignore_index
        evaluators = cfg.get(f'{name}_evaluator') or ()
        if not isinstance(evaluators, (list, tuple)):
            evaluators = [evaluators]
        for evaluator in filter(None, evaluators):
            if step_name(evaluator) in ('IoUMetric', 'ClassIoUMetric'):
                key = f'{name}_evaluator.ignore_index'
                found[key] = evaluator.get('ignore_index', 255)
    (first, label), *others = found.items()
    for key, value in others:
        if value != label:
            raise UserError(
                f'{first} is {label}, but {key} is {value}: both are the ignored '
                'label, so set them to the same value'
            )


def check_later_stages(cfg: Config) -> None:
    """Checks the parts that only stages 1, 2, ... use, by building them once."""
    settings = cfg.train_cfg
    scaling = temperature_scaling(settings)
    build(TRANSFORMS, scaling, 'train_cfg.temperature_scaling')
    if settings.get('consistency'):
        teacher, loss = consistency_parts(settings.consistency)
        build(HOOKS, teacher, 'train_cfg.consistency')
        build(MODELS, loss, 'train_cfg.consistency')
    check_reliable(cfg)
    if cfg.unlabeled_dataloader.dataset.get('indices') is not None:
        raise UserError(
            'unlabeled_dataloader.dataset.indices is not for pseudo-labels: name the '
            'images in a list (ann_file)'
        )
    name = 'unlabeled_dataloader.dataset.pipeline'
    stage = Stage(cfg, ('P',))
    pipeline = stage.cfg.unlabeled_dataloader.dataset.get('pipeline') or []
    if not any(loads(step, 'Annotations') for step in pipeline):
        raise UserError(f'{name} has no LoadAnnotations, which reads pseudo-labels')
    for step in pipeline:
        build(TRANSFORMS, step, name)
    if stage.label_erase:
        build(TRANSFORMS, stage.label_erase, 'train_cfg.label_erase')
    for part, kind in (settings.get('perturbation') or {}).items():
        build(MODELS, kind, f'train_cfg.perturbation.{part}')


def check_reliable(cfg: Config) -> None:
    """Checks the shares of images that stages draw, and the models that rank them."""
    share = cfg.train_cfg.get('reliable')
    if share is None:
        return
    shares = share if isinstance(share, (list, tuple)) else [share]
    if not shares or not all(
        isinstance(each, (int, float)) and 0 < each <= 1 for each in shares
    ):
        raise UserError(
            f'train_cfg.reliable = {share!r} is not a share in (0, 1] or a list of them'
        )
    if cfg.get('load_from') and shares[0] < 1:
        raise UserError(
            'train_cfg.reliable ranks images for the first stage by the models at a '
            'third and two thirds of the training of stage 0, which load_from gives '
            'without them: set its first share to 1, or leave out load_from'
        )
