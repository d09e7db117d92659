"""From the user's config to those of the stages: what a stage is, as data."""

import copy
import os.path as osp

import numpy as np
from mmengine.config import Config, ConfigDict
from mmseg.registry import TRANSFORMS

from mmseg_gist.datasets.confidence import class_thresholds
from mmseg_gist.datasets.labels import leaves, loads, step_name
from mmseg_gist.datasets.tta import tta_pipeline
from mmseg_gist.missing import given_model
from mmseg_gist.utils import UserError, derive_seed

from .path import ROOT, StagePath, alpha_of, to_name, uses_labels, uses_pseudo_labels

CHECKPOINT = 'checkpoint.pth'
# keeps the iteration with the best score on the development set, nothing else
BEST_ONLY = dict(
    type='CheckpointHook',
    by_epoch=False,
    interval=-1,
    save_last=False,
    save_best='mIoU',
)
RUN_CONFIG = 'run_config.py'  # the one that made the record
# what mmengine's schedulers count in iterations beside begin and end
PERIODS = {'T_max', 'step_size', 'total_steps', 'milestones', 'periods'}


def stage_dir(cfg: Config, path: StagePath) -> str:
    return osp.join(cfg.work_dir, 'stages', to_name(path))


def stage_seed(cfg: Config, path: StagePath) -> int:
    return derive_seed(cfg.randomness.seed, to_name(path))


def stage_iters(cfg: Config, path: StagePath) -> int:
    settings = cfg.train_cfg
    if path and settings.get('restart'):
        return settings.initial_iters
    if path:
        if settings.get('stage_iters') is not None:
            return settings.stage_iters
        return max(1, round(settings.stage_ratio * settings.initial_iters))
    return 0 if cfg.get('load_from') else settings.initial_iters


def parent_checkpoint(cfg: Config, path: StagePath) -> str | None:
    """The model that a stage starts from, if it does not restart, and labels by.

    None where stage 0 starts from nothing.
    """
    if path:
        return osp.join(stage_dir(cfg, path[:-1]), CHECKPOINT)
    return given_model(cfg)


def pseudo_label_dir(cfg: Config, path: StagePath) -> str:
    """Where the pseudo-labels made by the stage's model lie."""
    return osp.join(stage_dir(cfg, path), 'pseudo_labels')


def draw_config(cfg: Config, path: StagePath) -> dict:
    """The arguments of the stage's :class:`DrawSampler`."""
    mix = path[-1] if path else 'L'
    choose = float(mix[1:]) if mix.startswith('B') else None
    labeled = cfg.train_dataloader.batch_size
    # batches of one kind each are of one size
    pseudo = labeled if choose is not None else cfg.unlabeled_dataloader.batch_size
    return dict(
        batch_sizes=[labeled] * uses_labels(mix) + [pseudo] * uses_pseudo_labels(mix),
        seed=stage_seed(cfg, path),
        choose=choose,
    )


def refined(cfg: Config, path: StagePath) -> Config:
    """A copy of the user's config with the settings of the stage's refinement.

    With ``restart`` the optimizer and the schedule stay stage 0's.
    """
    cfg = copy.deepcopy(cfg)
    if path and cfg.train_cfg.get('refinement'):
        changes = cfg.train_cfg.refinement.to_dict()
        if cfg.train_cfg.get('restart'):
            for key in ('optim_wrapper', 'param_scheduler'):
                changes.pop(key, None)
        cfg.merge_from_dict(replacing(cfg, changes))
    return cfg


def replacing(settings: dict, changes: dict) -> dict:
    """The changes such that what has another type takes the place of the first.

    Merged, it would get the arguments of the other type, as SGD AdamW's betas. Types
    of ``optim_wrapper`` share theirs.
    """
    marked = {}
    for key, change in changes.items():
        setting = settings.get(key)
        if isinstance(change, dict) and isinstance(setting, dict):
            change = replacing(setting, change)
            if key != 'optim_wrapper' and 'type' in change and 'type' in setting:
                if step_name(change) != step_name(setting):
                    change = dict(change, _delete_=True)
        marked[key] = change
    return marked


def stage_config(cfg: Config, path: StagePath) -> Config:
    """The ordinary mmseg config of a stage.

    Args:
        cfg (Config): The user's config. Its ``train_cfg`` is the loop's.
        path: Of the stage.

    Returns:
        Config: Trains with a standard Runner. The user's model, optimizer,
        schedule, data and hooks are in it unchanged but for what follows from
        the stage.
    """
    cfg = refined(cfg, path)
    settings = cfg.train_cfg
    mix = path[-1] if path else 'L'
    iters = stage_iters(cfg, path)
    stage = copy.deepcopy(cfg)
    stage.pop('unlabeled_dataloader')
    # the development set is small: classes may be missing from it
    stage.val_evaluator = scored_by_class(stage.get('val_evaluator'), labeled_only=True)
    stage.test_evaluator = scored_by_class(stage.get('test_evaluator'))
    stage.work_dir = stage_dir(cfg, path)
    # a training of stage 0 has the weights of the model's init_cfg, no others
    restart = path and settings.get('restart')
    stage.load_from = None if restart else parent_checkpoint(cfg, path)
    stage.resume = False
    stage.randomness = dict(cfg.randomness, seed=stage_seed(cfg, path))
    stage.train_cfg = dict(
        type='StageTrainLoop', max_iters=iters, seed=stage_seed(cfg, path)
    )
    stage.param_scheduler = fit_schedule(stage.get('param_scheduler'), iters)
    # None, since mmengine adds its own where the key is missing
    hooks = stage.get('default_hooks') or {}
    checkpoint = hooks.get('checkpoint') or {}
    stage.default_hooks = dict(hooks, checkpoint=None)
    stage.custom_hooks = [
        *(stage.get('custom_hooks') or ()),
        dict(type='ProgressHook', interval=checkpoint.get('interval', 1000)),
        dict(type='NonFiniteLossHook'),
    ]
    if not path and settings.get('initial_val_interval'):
        stage.train_cfg.val_interval = settings.initial_val_interval
        stage.custom_hooks.append(dict(BEST_ONLY))

    datasets = {}
    if uses_labels(mix):
        datasets[0] = cfg.train_dataloader.dataset
    if uses_pseudo_labels(mix):
        datasets[1] = pseudo_labeled(cfg, path[:-1])
    loader = cfg.train_dataloader if uses_labels(mix) else cfg.unlabeled_dataloader
    both = len(datasets) == 2 and alpha_of(mix) is not None
    sampler = dict(type='DrawSampler', **draw_config(cfg, path))
    sizes = sampler['batch_sizes']
    stage.train_dataloader = dict(
        {key: loader[key] for key in loader if key != 'batch_sampler'},
        batch_size=sum(sizes) if both else sizes[0],
        sampler=sampler,
        dataset=dict(
            type='DrawDataset',
            datasets=list(datasets.values()),
            sources=list(datasets),
        ),
    )

    # stage 0 is the supervised model
    consistency = settings.get('consistency') if path else None
    perturbation = settings.get('perturbation') if uses_pseudo_labels(mix) else None
    if both or consistency or perturbation:
        stage.model = dict(type='SelfTrainingSegmentor', segmentor=stage.model)
    if perturbation:
        stage.model.perturbation = perturbation
    if both:
        stage.model.alpha = alpha_of(mix)
        if scale_lr := stage.get('auto_scale_lr'):  # a step is one, not two batches
            scale_lr.base_batch_size *= 2
    if consistency:
        teacher, stage.model.consistency = consistency_parts(consistency)
        stage.custom_hooks = [teacher, *stage.custom_hooks]
    own_runtime(stage, f'{osp.basename(cfg.work_dir)}_{to_name(path)}')
    leave_out_trackers(stage)
    for kind in ('Val', 'Test'):
        by_size(stage, kind)
    return stage


def by_size(cfg: Config, kind: str) -> None:
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
    """The evaluator, a :class:`ClassIoUMetric` if it is mmseg's IoUMetric.

    Args:
        evaluator: As in mmengine's configs.
        **kwargs: What is set of that metric.
    """
    if isinstance(evaluator, (list, tuple)):
        return [scored_by_class(part, **kwargs) for part in evaluator]
    if evaluator and step_name(evaluator) == 'IoUMetric':
        return dict(evaluator, type='ClassIoUMetric', **kwargs)
    return evaluator


def own_runtime(cfg: Config, name: str) -> None:
    """Gives the Runner of ``cfg`` names of its own and loaders that end with it."""
    cfg.experiment_name = name
    if cfg.get('visualizer'):
        cfg.visualizer = dict(cfg.visualizer, name=name)
        cfg.visualizer.pop('save_dir', None)
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        # each is gone through once; persistent workers that are left to the
        # garbage collector keep it waiting for five seconds each
        if cfg.get(key):
            cfg[key] = dict(cfg[key], persistent_workers=False)


def leave_out_trackers(cfg: Config) -> None:
    """Leaves a Runner the visualizer's back ends that write into its work dir.

    W&B and the like have one run in a process, which is the user's own.
    """
    if cfg.get('visualizer'):
        cfg.visualizer.vis_backends = [
            backend
            for backend in cfg.visualizer.get('vis_backends') or ()
            if step_name(backend) in ('LocalVisBackend', 'TensorboardVisBackend')
        ]


def fit_schedule(param_scheduler, iters: int):
    """The schedule stretched or shrunk so that its last part ends with the stage.

    Args:
        param_scheduler: As in mmengine's configs. A part without ``end`` ends
            with the stage, so a schedule with such a part is taken as it is.
        iters (int): Length of the stage, 0 if it is not trained.

    Raises:
        UserError: A schedule that is taken as it is is longer than the stage.
    """
    if not param_scheduler:
        return param_scheduler
    if isinstance(param_scheduler, dict):
        param_scheduler = [param_scheduler]
    schedulers = [dict(scheduler) for scheduler in param_scheduler]
    if any('end' not in scheduler for scheduler in schedulers):
        needed = max(s.get('end', s.get('begin', 0) + 1) for s in schedulers)
        if 0 < iters < needed:
            raise UserError(
                f'param_scheduler: it takes at least {needed} iterations, a stage has '
                f'{iters}: give each part an end, so that all are shrunk together, or '
                'set train_cfg.refinement.param_scheduler'
            )
        return schedulers
    length = max(scheduler['end'] for scheduler in schedulers)
    for scheduler in schedulers:
        for key in ('begin', 'end'):
            if key in scheduler:
                scheduler[key] = round(scheduler[key] * iters / length)
        for key in PERIODS & scheduler.keys():
            scheduler[key] = scaled(scheduler[key], iters / length)
    return [s for s in schedulers if s.get('begin', 0) < s['end']]


def scaled(period, factor: float):
    if isinstance(period, (list, tuple)):
        return [scaled(each, factor) for each in period]
    return max(1, round(period * factor))


def check_schedules(cfg: Config) -> None:
    """Raises :class:`UserError` if the schedule does not fit into a stage."""
    for path in (ROOT, ('L',)):  # stage 0, and all others
        of_stage = refined(cfg, path)
        fit_schedule(of_stage.get('param_scheduler'), stage_iters(of_stage, path))


def pseudo_labeled(cfg: Config, parent: StagePath) -> ConfigDict:
    """The unlabeled set with the labels that the parent's model made.

    They are index PNGs of the model's own classes, however human labels are read.
    """
    dataset = copy.deepcopy(cfg.unlabeled_dataloader.dataset)
    prefix = dataset.get('data_prefix') or dict(img_path='')
    folder = osp.abspath(pseudo_label_dir(cfg, parent))
    dataset.data_prefix = dict(prefix, seg_map_path=folder)
    dataset.metainfo = cfg.metainfo
    dataset.pop('reduce_zero_label', None)
    dataset.pipeline = [
        dict(type='LoadAnnotations') if loads(step, 'Annotations') else step
        for step in dataset.get('pipeline') or ()
    ]
    if erase := label_erase(cfg):
        if ignore_index(cfg.model) != 255:
            erase = {'ignore_index': ignore_index(cfg.model), **erase}
        dataset.pipeline = erasing(dataset.pipeline, erase)
    if step_name(dataset) != 'PseudoLabelDataset':
        dataset.pipeline = [dict(type='ConfidencePath'), *dataset.pipeline]
    return dataset


def ignore_index(model: dict) -> int:
    """The label that a model's loss leaves out."""
    head = model.get('decode_head') or {}
    head = head[-1] if isinstance(head, (list, tuple)) else head
    return head.get('ignore_index', 255)


def label_erase(cfg: Config) -> dict | None:
    """The config of the stages' :class:`LabelErase`, None if nothing is erased.

    It is ``train_cfg.label_erase``, or else a step of the unlabeled set's pipeline.
    """
    if settings := cfg.train_cfg.get('label_erase'):
        return dict(settings, type='LabelErase')
    pipeline = cfg.unlabeled_dataloader.dataset.get('pipeline') or []
    steps = (step for step in pipeline if step_name(step) == 'LabelErase')
    return next(steps, None)


def erasing(pipeline: list[dict], erase: dict) -> list[dict]:
    """The pipeline with this label erase behind what loads the labels."""
    steps = [step for step in pipeline if step_name(step) != 'LabelErase']
    last = max(i for i, step in enumerate(steps) if loads(step, 'Annotations'))
    return [*steps[: last + 1], erase, *steps[last + 1 :]]


def with_thresholds(erase: dict | None, counts: np.ndarray, depth: int) -> dict | None:
    """A label erase whose ``keep`` has become a threshold for each class.

    Args:
        erase (dict, optional): Its config. A list of shares is that of the stages on
            a path, the last of them also that of all deeper ones.
        counts (np.ndarray): See :mod:`mmseg_gist.datasets.confidence`.
        depth (int): Of the stage, 1 for a child of stage 0.
    """
    if not erase or erase.get('keep') is None:
        return erase
    shares = np.atleast_1d(erase['keep'])
    thresholds = class_thresholds(counts, shares[:depth][-1])
    return dict(erase, keep=None, threshold=thresholds)


def erase_limits(erase: dict | None) -> np.ndarray:
    """The least confidence x 255 that a label erase keeps, float (256, ), by label.

    Args:
        erase (dict, optional): Its config, of :func:`with_thresholds`.
    """
    return TRANSFORMS.build(erase).limits() if erase else np.zeros(256)


def labeler_config(cfg: Config, path: StagePath, indices: list[int]) -> Config:
    """A test of the parent's model whose metric writes pseudo-labels."""
    parent = path[:-1]
    labeler = copy.deepcopy(cfg)
    labeler.work_dir = pseudo_label_dir(cfg, parent)
    labeler.load_from = parent_checkpoint(cfg, path)
    labeler.resume = False
    labeler.randomness = dict(cfg.randomness)
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        labeler.pop(key, None)
    for key in ('val_dataloader', 'val_cfg', 'val_evaluator', 'unlabeled_dataloader'):
        labeler.pop(key, None)
    pipeline = [
        step
        for step in next(leaves(cfg.val_dataloader.dataset)).pipeline
        if not loads(step, 'Annotations')
    ]
    dataset = dict(
        pseudo_labeled(cfg, parent), pipeline=pipeline, indices=indices, test_mode=True
    )
    if labeling := cfg.train_cfg.get('labeling'):
        dataset['pipeline'] = tta_pipeline(pipeline, **labeling)
        labeler.model = dict(type='LogitsTTAModel', module=labeler.model)
    labeler.test_dataloader = dict(copy.deepcopy(cfg.val_dataloader), dataset=dataset)
    labeler.test_cfg = dict(type='TestLoop')
    probabilities = cfg.train_cfg.get('probabilities') or dict(
        type='TemperatureScaling'
    )
    labeler.test_evaluator = dict(type='PseudoLabelWriter', probabilities=probabilities)
    own_runtime(
        labeler, f'{osp.basename(cfg.work_dir)}_{to_name(parent)}_pseudo_labels'
    )
    leave_out_trackers(labeler)
    by_size(labeler, 'Test')
    return labeler
