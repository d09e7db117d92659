"""Every kind of stage, tried on a few images before the first one is trained.

A mistake in what only later stages use would else cost the stages before it. No
weights are loaded, nothing is learned, and what is written is removed again.
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

from .config import (
    label_erase,
    labeler_config,
    refined,
    stage_config,
    stage_iters,
    with_thresholds,
)
from .own_runner import whole_images
from .path import ROOT, StagePath, to_name, uses_pseudo_labels

IMAGES = 2  # of each data set; BatchNorm needs more than one


def rehearse(cfg: Config, policy: Callable) -> None:
    """Tries stage 0 and a stage of each kind that a policy asks for.

    Args:
        cfg (Config): The user's config with ``metainfo``.
        policy (Callable): See :mod:`mmseg_gist.self_training.policies`.

    Raises:
        UserError: Naming the setting with which a stage could not be trained.
    """
    with TemporaryDirectory() as folder, seeded(0), quiet():
        cfg = copy.deepcopy(cfg)
        cfg.work_dir = folder
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=0)
        for path in (ROOT, *((mix,) for mix in mixes_of(policy))):
            rehearse_stage(refined(cfg, path), path)


def mixes_of(policy: Callable) -> list[str]:
    """The label mixes that a policy asks for, in the order of their first stages."""
    scores = {ROOT: 0.0}
    while following := policy(scores):
        scores.update(dict.fromkeys(following, 0.0))
    return list(dict.fromkeys(path[-1] for path in scores if path))


def rehearse_stage(cfg: Config, path: StagePath) -> None:
    """Tries one stage.

    Args:
        cfg (Config): With the stage's refinement and a ``work_dir`` to write to.
        path: Of the stage.
    """

    def trying(key: str):
        return named(f'{key} of stage {to_name(path)}')

    if path and uses_pseudo_labels(path[-1]):
        with trying('the labeling'):
            make_labels(cfg, path)
    stage = stage_config(cfg, path)
    check_checkpoint_hook((cfg.get('default_hooks') or {}).get('checkpoint'))
    with trying('model'):
        model = MODELS.build(stage.model)
        model = revert_sync_batchnorm(model).to(get_device())
    if iters := stage_iters(cfg, path):
        with trying('optim_wrapper'):
            optim_wrapper = optim_wrapper_for(model, stage.optim_wrapper)
        with trying('param_scheduler'):
            for scheduler in stage.get('param_scheduler') or ():
                check_scheduler(scheduler, optim_wrapper, iters)
        hooks = *(stage.get('default_hooks') or {}).values(), *stage.custom_hooks
        for hook in filter(None, hooks):
            with trying(f'the hook {step_name(hook)}'):
                check_hook(HOOKS.build(hook), to_name(path), iters)
        with trying('train_dataloader' if path != ('P',) else 'unlabeled_dataloader'):
            loader = Runner.build_dataloader(stage.train_dataloader)
            samples = [
                loader.dataset[Draw(source, index % len(dataset), 0)]
                for source, dataset in enumerate(loader.dataset.datasets)
                for index in range(IMAGES)
            ]
            batch = loader.collate_fn(samples)
        with trying('the loss'), torch.no_grad():
            model.train()
            model(**model.data_preprocessor(batch, True), mode='loss')
    if not path:
        for name in ('val', 'test'):
            if cfg.get(f'{name}_dataloader'):
                with trying(f'{name}_dataloader or {name}_evaluator'):
                    evaluate(model, stage, name)


def make_labels(cfg: Config, path: StagePath) -> None:
    """Labels the first images, and fills in the thresholds of label erase."""
    labeler = labeler_config(cfg, path, IMAGES)  # the first ones, or all
    loader = Runner.build_dataloader(labeler.test_dataloader)
    model = MODELS.build(labeler.model).to(get_device())
    metric = METRICS.build(labeler.test_evaluator)
    process(model, loader, metric, len(loader.dataset))
    counts = np.ones((len(cfg.metainfo.classes), 256), np.int64)
    cfg.train_cfg.label_erase = with_thresholds(label_erase(cfg), counts, 1)


def evaluate(model: nn.Module, stage: Config, name: str) -> None:
    """Evaluates the first image of ``'val'`` or ``'test'``."""
    loader = Runner.build_dataloader(stage[f'{name}_dataloader'])
    evaluator = stage[f'{name}_evaluator']
    scores = {}
    for part in evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]:
        if part.get('output_dir'):
            part = dict(part, output_dir=stage.work_dir)
        scores |= process(model, loader, METRICS.build(part), 1)
    if 'mIoU' not in scores and (name == 'val' or scores):
        raise UserError(f'{name}_evaluator gives no mIoU, but {", ".join(scores)}')


def process(model: nn.Module, loader: DataLoader, metric, size: int) -> dict:
    """What a metric finds in a model's predictions on the first images."""
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
            'evaluated at their ends: take one that goes by iterations'
        )
    if scheduler.by_epoch:
        raise UserError(
            f'param_scheduler: {name} counts epochs, but stages count iterations: set '
            'its by_epoch=False; begin and end are fitted to the length of a stage'
        )


def check_hook(hook, stage: str, iters: int) -> None:
    if isinstance(hook, EarlyStoppingHook):
        raise UserError(
            'custom_hooks: EarlyStoppingHook needs scores during training, but stages '
            'are evaluated at their ends: leave it out; the best stage is the result'
        )
    if isinstance(hook, EMAHook) and (hook.begin_epoch or hook.begin_iter > iters):
        raise UserError(
            f'custom_hooks: {type(hook).__name__} begins after stage {stage}, which '
            f'has {iters} iterations and no epochs: lower begin_iter, leave out '
            'begin_epoch'
        )


@contextlib.contextmanager
def named(what: str) -> Iterator[None]:
    """Makes one line of whatever goes wrong."""
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
    """Keeps what is said meanwhile out of the log, which is that of the training."""
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
