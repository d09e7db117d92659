"""Runners inside the process of a run that has its own Runner."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmseg_gist.datasets.labels import step_name
from mmseg_gist.engine.runner import BriefRunner


@contextmanager
def own_runner(cfg: Config) -> Iterator[Runner]:
    """A Runner that leaves nothing behind.

    mmengine keeps loggers, message hubs and visualizers by name for the life of the
    process, and the latest is the current one. This function removes the Runner's, so
    that the caller's are current again.
    """
    before = {kind: list(kind._instance_dict) for kind in kinds_by_name()}
    runner = BriefRunner.from_cfg(cfg)
    try:
        yield runner
    finally:
        runner.visualizer.close()
        for kind in kinds_by_name():
            for name in kind._instance_dict.keys() - before.get(kind, []):
                instance = kind._instance_dict.pop(name)
                if kind is MMLogger:
                    for handler in instance.handlers:
                        handler.close()
        del runner
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@contextmanager
def whole_images() -> Iterator[None]:
    """Turns cuDNN's benchmark off, for images of many sizes.

    For each new size the benchmark tries out all algorithms, with workspaces as large
    as the GPU has room for. ``env_cfg.cudnn_benchmark`` is meant for crops.
    """
    benchmark = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = benchmark


def kinds_by_name() -> list[type]:
    """Objects that mmengine keeps by name; more visualizers may be imported later."""
    visualizers = Visualizer, *Visualizer.__subclasses__()
    return [MMLogger, MessageHub, DefaultScope, *visualizers]


def own_runtime(cfg: Config, name: str) -> None:
    """Gives the Runner of ``cfg`` its own name, and loaders that end with it."""
    cfg.experiment_name = name
    if cfg.get('visualizer'):
        cfg.visualizer = dict(cfg.visualizer, name=name)
        cfg.visualizer.pop('save_dir', None)
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        # each is used once, and the garbage collector would wait five seconds for each
        # persistent worker that is left
        if cfg.get(key):
            cfg[key] = dict(cfg[key], persistent_workers=False)


def leave_out_trackers(cfg: Config) -> None:
    """Keeps only those visualizer back ends of a Runner that write into its work dir.

    W&B and similar ones allow one run per process, which is the user's own.
    """
    if cfg.get('visualizer'):
        cfg.visualizer.vis_backends = [
            backend
            for backend in cfg.visualizer.get('vis_backends') or ()
            if step_name(backend) in ('LocalVisBackend', 'TensorboardVisBackend')
        ]
