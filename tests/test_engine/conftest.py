"""A stage of the tiny self-training, as a config for mmengine's Runner."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmseg.visualization import SegLocalVisualizer
from tiny import write_tiny

from mmseg_gist.evaluation.pseudo_label_writer import write_pseudo_label
from mmseg_gist.self_training.config import stage_config
from mmseg_gist.self_training.stage import Stage

PALETTE = [[0, 0, 0], [255, 0, 0], [0, 255, 0]]


@pytest.fixture(scope='session')
def config_file(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp('data'))


@pytest.fixture
def cfg(config_file, tmp_path) -> Config:
    """The user's config, as the loop completes it, for training alone."""
    cfg = Config.fromfile(config_file)
    for name in ('val', 'test'):
        for key in ('dataloader', 'cfg', 'evaluator'):
            cfg.pop(f'{name}_{key}')
    for loader in (cfg.train_dataloader, cfg.unlabeled_dataloader):
        loader.dataset.serialize_data = False
    cfg.work_dir = str(tmp_path / 'run')
    cfg.metainfo = dict(classes=['a', 'b', 'c'], palette=PALETTE)
    cfg.randomness = dict(seed=0)
    cfg.train_dataloader.num_workers = 0
    cfg.default_hooks.pop('visualization')
    cfg.log_level = 'WARNING'
    return cfg


@pytest.fixture
def make_stage(cfg):
    """make_stage(path): the stage's config, without a parent to start from."""

    def make_stage(*path):
        cfg.train_cfg.label_erase = dict(threshold=0.3)  # no stage computes others
        stage = stage_config(Stage(cfg, path))
        stage.load_from = None
        for dataset in stage.train_dataloader.dataset.datasets:
            if dataset.type == 'PseudoLabelDataset':
                write_random_labels(Path(dataset.data_prefix.seg_map_path))
        return stage

    return make_stage


def write_random_labels(folder):
    rng = np.random.default_rng(0)
    for i in range(12):
        label = rng.integers(0, 3, (24, 32), np.uint8)
        confidence = rng.integers(0, 256, (24, 32), np.uint8)
        path = str(folder / f'unlabeled{i}.png')
        write_pseudo_label(path, label, confidence, np.ravel(PALETTE).tolist())


class Recorder(Hook):
    """Keeps what a function of the runner gives at a hook point."""

    def __init__(self, function, point, priority):
        self.function = function
        self.priority = priority
        self.values = []
        setattr(self, point, lambda runner, *args, **kwargs: self._record(runner))

    def _record(self, runner):
        self.values.append(self.function(runner))


@pytest.fixture
def run():
    """run(stage, point=function, ...): trains, and what the functions gave.

    A function is called with the Runner at each call of the hook point, after
    all other hooks.
    """

    def run(stage, **functions):
        for kind in (MMLogger, MessageHub, SegLocalVisualizer, DefaultScope):
            kind._instance_dict.clear()  # as in a new process
        runner = Runner.from_cfg(stage)
        recorders = {}
        for point, function in functions.items():
            recorders[point] = Recorder(function, point, priority='LOWEST')
            runner.register_hook(recorders[point])
        runner.train()
        values = {point: recorder.values for point, recorder in recorders.items()}
        return runner, values

    return run
