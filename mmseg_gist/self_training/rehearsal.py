"""Every kind of stage, tried on a few images before the first one is trained.

Otherwise a mistake in a setting that only later stages use would waste the stages
before them. No weights are loaded, nothing is learned, and files that are written are
removed again.
"""

import contextlib
import copy
import io
import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import EarlyStoppingHook, EMAHook
from mmengine.logging import MMLogger
from mmengine.model import revert_sync_batchnorm
from mmengine.runner import Runner
from mmseg.registry import HOOKS, METRICS, MODELS, PARAM_SCHEDULERS
from torch import nn
from torch.utils.data import DataLoader

from mmseg_gist.datasets.draws import Draw
from mmseg_gist.datasets.labels import step_name
from mmseg_gist.engine.optim import optim_wrapper_for
from mmseg_gist.engine.runner.by_size_loops import by_size
from mmseg_gist.utils import UserError, seeded, why

from .config import stage_config
from .label_erase import with_thresholds
from .labeler import labeler_config
from .own_runner import whole_images
from .path import ROOT
from .stage import Stage

IMAGES = 2  # of each data set; BatchNorm needs more than one


def rehearse(cfg: Config, policy: Callable) -> None:
    """Tries stage 0 and a stage of each kind that a policy asks for.

    Args:
        cfg (Config): The user's config with ``metainfo``.
        policy (Callable): See :mod:`mmseg_gist.self_training.policies`.

    Raises:
        UserError: A stage cannot be trained. The message names the setting at fault.
    """
    with TemporaryDirectory() as folder, seeded(0), quiet():
        cfg = copy.deepcopy(cfg)
        cfg.work_dir = folder
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=0)
        for path in (ROOT, *((mix,) for mix in mixes_of(policy))):
            rehearse_stage(Stage(cfg, path))


def mixes_of(policy: Callable) -> list[str]:
    """The label mixes that a policy asks for, in the order of their first stages."""
    scores = {ROOT: 0.0}
    while following := policy(scores):
        scores.update(dict.fromkeys(following, 0.0))
    return list(dict.fromkeys(path[-1] for path in scores if path))


def rehearse_stage(stage: Stage) -> None:
    """Tries one stage and writes to its work dir."""

    def trying(key: str):
        return named(f'{key} of stage {stage.name}')

    erase = None
    if stage.uses_pseudo_labels:
        with trying('the labeling'):
            erase = make_labels(stage)
    cfg = stage_config(stage, erase)
    check_checkpoint_hook((stage.cfg.get('default_hooks') or {}).get('checkpoint'))
    with trying('model'):
        model = MODELS.build(cfg.model)
        model = revert_sync_batchnorm(model).to(get_device())
    if stage.iters:
        with trying('optim_wrapper'):
            optim_wrapper = optim_wrapper_for(model, cfg.optim_wrapper)
        with trying('param_scheduler'):
            for scheduler in cfg.get('param_scheduler') or ():
                check_scheduler(scheduler, optim_wrapper, stage.iters)
        hooks = *(cfg.get('default_hooks') or {}).values(), *cfg.custom_hooks
        for hook in filter(None, hooks):
            with trying(f'the hook {step_name(hook)}'):
                check_hook(HOOKS.build(hook), stage.name, stage.iters)
        kind = 'train' if stage.uses_labels else 'unlabeled'
        with trying(f'{kind}_dataloader'):
            loader = Runner.build_dataloader(cfg.train_dataloader)
            samples = [
                loader.dataset[Draw(source, index % len(dataset), 0)]
                for source, dataset in enumerate(loader.dataset.datasets)
                for index in range(IMAGES)
            ]
            batch = loader.collate_fn(samples)
        with trying('the loss'), torch.no_grad():
            model.train()
            model(**model.data_preprocessor(batch, True), mode='loss')
    if not stage.path:
        for name in ('val', 'test'):
            if cfg.get(f'{name}_dataloader'):
                with trying(f'{name}_dataloader or {name}_evaluator'):
                    evaluate(model, cfg, name)


def make_labels(stage: Stage) -> dict | None:
    """Labels the first images and returns label erase with thresholds."""
    labeler = labeler_config(stage, IMAGES)  # the first ones, or all
    loader = Runner.build_dataloader(labeler.test_dataloader)
    model = MODELS.build(labeler.model).to(get_device())
    metric = METRICS.build(labeler.test_evaluator)
    process(model, loader, metric, len(loader.dataset))
    counts = np.ones((len(stage.cfg.metainfo.classes), 256), np.int64)
    return with_thresholds(stage.label_erase, counts, 1)


def evaluate(model: nn.Module, cfg: Config, name: str) -> None:
    """Evaluates the first image of ``'val'`` or ``'test'``."""
    loader = Runner.build_dataloader(cfg[f'{name}_dataloader'])
    evaluator = cfg[f'{name}_evaluator']
    scores = {}
    for part in evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]:
        if part.get('output_dir'):
            part = dict(part, output_dir=cfg.work_dir)
        scores |= process(model, loader, METRICS.build(part), 1)
    if 'mIoU' not in scores and (name == 'val' or scores):
        raise UserError(f'{name}_evaluator gives no mIoU, but {", ".join(scores)}')


def process(model: nn.Module, loader: DataLoader, metric, size: int) -> dict:
    """Passes a model's predictions on the first images to a metric."""
    metric.dataset_meta = loader.dataset.metainfo
    batch = loader.collate_fn([loader.dataset[index] for index in range(size)])
    model.eval()
    with torch.no_grad(), whole_images():
        for part in by_size(batch):
            samples = model.test_step(part)
            metric.process(part, [sample.to_dict() for sample in samples])
    return metric.evaluate(size)


def check_checkpoint_hook(hook: dict | None) -> None:
    if hook and hook.get('interval') and hook.get('by_epoch', True):
        raise UserError(
            'default_hooks.checkpoint counts epochs, but stages count iterations: '
            'set its by_epoch=False and an interval in iterations'
        )


def check_scheduler(cfg: dict, optim_wrapper, iters: int) -> None:
    arguments = {key: cfg[key] for key in cfg if key != 'convert_to_iter_based'}
    scheduler = PARAM_SCHEDULERS.build(
        arguments, default_args=dict(optimizer=optim_wrapper, end=iters)
    )
    name = type(scheduler).__name__
    if getattr(scheduler, 'need_val_args', False):
        raise UserError(
            f'param_scheduler: {name} needs scores during training, but stages are '
            'evaluated at their ends: choose one that depends on iterations'
        )
    if scheduler.by_epoch:
        raise UserError(
            f'param_scheduler: {name} counts epochs, but stages count iterations: set '
            'its by_epoch=False; begin and end are adapted to the length of a stage'
        )


def check_hook(hook, stage: str, iters: int) -> None:
    if isinstance(hook, EarlyStoppingHook):
        raise UserError(
            'custom_hooks: EarlyStoppingHook needs scores during training, but stages '
            'are evaluated at their ends: remove it; the best stage is the result'
        )
    if isinstance(hook, EMAHook) and (hook.begin_epoch or hook.begin_iter > iters):
        raise UserError(
            f'custom_hooks: {type(hook).__name__} begins after stage {stage}, which '
            f'has {iters} iterations and no epochs: lower begin_iter and remove '
            'begin_epoch'
        )


@contextlib.contextmanager
def named(what: str) -> Iterator[None]:
    """Turns any error into one line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise UserError(
            f'{what}: {type(error).__name__}: {why(error)} ({frame.filename}, line '
            f'{frame.lineno}): correct the config'
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps the messages of the rehearsal out of the training's log."""
    logger = MMLogger.get_current_instance()
    logger.addFilter(_nothing)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False
