"""The config of a stage's training, from that of its run."""

import copy
import os.path as osp
from collections.abc import Sequence

from mmengine.config import Config, ConfigDict

from mmseg_gist.datasets.labels import loads, step_name

from .label_erase import erasing
from .own_runner import leave_out_trackers, own_runtime
from .path import alpha_of
from .schedule import fit_schedule
from .stage import THIRDS, Stage

# keeps the iteration with the best score on the development set, nothing else
BEST_ONLY = dict(
    type='CheckpointHook',
    by_epoch=False,
    interval=-1,
    save_last=False,
    save_best='mIoU',
)


def stage_config(
    stage: Stage, erase: dict | None = None, images: Sequence[int] | None = None
) -> Config:
    """The ordinary mmseg config of a stage.

    Args:
        stage: Its run's ``train_cfg`` is the loop's.
        erase (dict, optional): The config of ``LabelErase`` with thresholds instead of
            ``keep``. Defaults to the stage's own.
        images: Indices of the unlabeled images that it may draw. Defaults to all.

    Returns:
        Config: Trains with a standard Runner. It holds the user's model, optimizer,
        schedule, data and hooks, changed only as the stage requires.
    """
    settings = stage.cfg.train_cfg
    cfg = copy.deepcopy(stage.cfg)
    cfg.pop('unlabeled_dataloader')
    # the development set is small: classes may be missing from it
    cfg.val_evaluator = scored_by_class(cfg.get('val_evaluator'), labeled_only=True)
    cfg.test_evaluator = scored_by_class(cfg.get('test_evaluator'))
    cfg.work_dir = stage.work_dir
    # a stage that restarts has the weights of the model's init_cfg, as stage 0 does
    cfg.load_from = None if stage.restarts else stage.parent_checkpoint
    cfg.resume = False
    cfg.randomness = dict(cfg.randomness, seed=stage.seed)
    cfg.train_cfg = dict(type='StageTrainLoop', max_iters=stage.iters, seed=stage.seed)
    cfg.param_scheduler = fit_schedule(cfg.get('param_scheduler'), stage.iters)
    # None, since mmengine adds its own where the key is missing
    hooks = cfg.get('default_hooks') or {}
    checkpoint = hooks.get('checkpoint') or {}
    cfg.default_hooks = dict(hooks, checkpoint=None)
    cfg.custom_hooks = [
        *(cfg.get('custom_hooks') or ()),
        dict(type='ProgressHook', interval=checkpoint.get('interval', 1000)),
        dict(type='NonFiniteLossHook'),
    ]
    if stage.child('P').reliable_share < 1:
        files = [stage.at_third(third).checkpoint for third in THIRDS]
        cfg.custom_hooks.append(dict(type='SnapshotHook', files=files))
    if not stage.path and settings.get('initial_val_interval'):
        cfg.train_cfg.val_interval = settings.initial_val_interval
        cfg.custom_hooks.append(dict(BEST_ONLY))
    cfg.train_dataloader = train_dataloader(stage, erase or stage.label_erase, images)

    # stage 0 is the supervised model
    consistency = settings.get('consistency') if stage.path else None
    perturbation = settings.get('perturbation') if stage.uses_pseudo_labels else None
    if stage.is_mixed or consistency or perturbation:
        cfg.model = dict(type='SelfTrainingSegmentor', segmentor=cfg.model)
    if perturbation:
        cfg.model.perturbation = perturbation
    if stage.is_mixed:
        cfg.model.alpha = alpha_of(stage.mix)
        if scale_lr := cfg.get('auto_scale_lr'):
            # two losses, each a mean over a part of the batch: a step is as large as
            # one on human labels alone
            images = cfg.train_dataloader.batch_size
            scale_lr.base_batch_size *= images / stage.cfg.train_dataloader.batch_size
    if consistency:
        teacher, cfg.model.consistency = consistency_parts(consistency)
        cfg.custom_hooks = [teacher, *cfg.custom_hooks]
    own_runtime(cfg, f'{osp.basename(stage.run_cfg.work_dir)}_{stage.name}')
    leave_out_trackers(cfg)
    for kind in ('Val', 'Test'):
        allow_several_sizes(cfg, kind)
    return cfg


def train_dataloader(
    stage: Stage, erase: dict | None, images: Sequence[int] | None
) -> dict:
    """The loader of a stage's training data, see :func:`stage_config`."""
    datasets = {}
    if stage.uses_labels:
        datasets[0] = stage.cfg.train_dataloader.dataset
    if stage.uses_pseudo_labels:
        datasets[1] = pseudo_labeled(stage)
        if images is not None:
            datasets[1].indices = images
        if erase:
            if ignore_index(stage.cfg.model) != 255:
                erase = {'ignore_index': ignore_index(stage.cfg.model), **erase}
            datasets[1].pipeline = erasing(datasets[1].pipeline, erase)
    loaders = stage.cfg.train_dataloader, stage.cfg.unlabeled_dataloader
    loader = loaders[min(datasets)]
    draws = draw_config(stage)
    sizes = draws['batch_sizes']
    return dict(
        {key: loader[key] for key in loader if key != 'batch_sampler'},
        batch_size=sum(sizes) if stage.is_mixed else sizes[0],
        sampler=dict(type='DrawSampler', **draws),
        dataset=dict(
            type='DrawDataset',
            datasets=list(datasets.values()),
            sources=list(datasets),
        ),
    )


def draw_config(stage: Stage) -> dict:
    """The arguments of the stage's :class:`DrawSampler`."""
    mix = stage.mix
    choose = float(mix[1:]) if mix.startswith('B') else None
    labeled = stage.cfg.train_dataloader.batch_size
    pseudo = stage.cfg.unlabeled_dataloader.batch_size
    if choose is not None:  # batches of one kind each are of one size
        pseudo = labeled
    used = stage.uses_labels, stage.uses_pseudo_labels
    return dict(
        batch_sizes=[labeled] * used[0] + [pseudo] * used[1],
        seed=stage.seed,
        choose=choose,
    )


def allow_several_sizes(cfg: Config, kind: str) -> None:
    """Lets batches of ``'Val'`` or ``'Test'`` hold images of several sizes."""
    loader, loop = f'{kind.lower()}_dataloader', f'{kind.lower()}_cfg'
    if cfg.get(loader) and cfg[loader].get('batch_size', 1) > 1:
        if step_name(cfg[loop]) == f'{kind}Loop':
            cfg[loop] = dict(cfg[loop], type=f'BySize{kind}Loop')


def consistency_parts(consistency: dict) -> tuple[dict, dict]:
    """The configs of the teacher's hook and of the loss."""
    loss = dict(consistency, type='ConsistencyLoss')
    teacher = dict(type='MeanTeacherHook')
    if 'momentum' in loss:
        teacher['momentum'] = loss.pop('momentum')
    return teacher, loss


def scored_by_class(evaluator, **kwargs):
    """The evaluator, with mmseg's IoUMetric replaced by :class:`ClassIoUMetric`.

    Args:
        evaluator: As in mmengine's configs.
        **kwargs: Settings of :class:`ClassIoUMetric`.
    """
    if isinstance(evaluator, (list, tuple)):
        return [scored_by_class(part, **kwargs) for part in evaluator]
    if evaluator and step_name(evaluator) == 'IoUMetric':
        return dict(evaluator, type='ClassIoUMetric', **kwargs)
    return evaluator


def pseudo_labeled(stage: Stage) -> ConfigDict:
    """The unlabeled set with the labels that the parent's model makes.

    They are index PNGs of the model's own classes, even if human labels are read
    differently.
    """
    dataset = copy.deepcopy(stage.cfg.unlabeled_dataloader.dataset)
    prefix = dataset.get('data_prefix') or dict(img_path='')
    folder = osp.abspath(stage.parent.pseudo_label_dir)
    dataset.data_prefix = dict(prefix, seg_map_path=folder)
    dataset.metainfo = stage.cfg.metainfo
    dataset.pop('reduce_zero_label', None)
    dataset.pipeline = [
        dict(type='LoadAnnotations') if loads(step, 'Annotations') else step
        for step in dataset.get('pipeline') or ()
    ]
    if step_name(dataset) != 'PseudoLabelDataset':
        dataset.pipeline = [dict(type='ConfidencePath'), *dataset.pipeline]
    return dataset


def ignore_index(model: dict) -> int:
    """The label that a model's loss ignores."""
    head = model.get('decode_head') or {}
    head = head[-1] if isinstance(head, (list, tuple)) else head
    return head.get('ignore_index', 255)
