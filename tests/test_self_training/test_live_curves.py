"""The curves of a whole run, as the visualizer's back ends get them."""

import json
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny import write_tiny

from mmseg_gist.self_training.live_curves import curve_points
from mmseg_gist.self_training.record import Record


def row(path: str, dev: float, **more) -> dict:
    return dict(path=path, status='finished', dev=dict(mIoU=dev), test=None, **more)


def test_the_points_of_a_stage(tmp_path):
    record = Record(tmp_path / 'record.json', {})
    rows = [
        row('0', 50.0, class_shares=[60.0, 40.0]),
        row('P', 40.0, class_shares=[75.0, 25.0]),
        row('L', 60.0),
        dict(path='LP', status='failed', reason='', class_shares=[100.0, 0.0]),
    ]
    rows[2]['test'] = dict(mIoU=55.0)
    points = []
    for each in rows:
        record.add(each)
        named = curve_points(record, each, ['sky', 'road'])
        assert all(name.startswith('self_training/') for name in named)
        points.append({name[14:]: value for name, value in named.items()})
    human = {'share/sky': 60, 'share/road': 40}
    shares = {'share/sky': 75, 'share/road': 25}
    assert points == [
        {**dict(depth=0, dev_mIoU=50, best_dev_mIoU=50), **human},
        dict(depth=1, dev_mIoU=40, best_dev_mIoU=50, **shares),
        dict(depth=1, dev_mIoU=60, best_dev_mIoU=60, test_mIoU=55),
        {'depth': 2, 'share/sky': 100, 'share/road': 0},
    ]


# ----------------------------------------------------------------- in real runs


def run(config: Path, work_dir: Path, *backends: str, path: str, resume: bool):
    cfg = Config.fromfile(config)
    cfg.work_dir = str(work_dir)
    cfg.train_dataloader.num_workers = 0
    cfg.visualizer.vis_backends = [dict(type=backend) for backend in backends]
    cfg.train_cfg.policy = dict(type='FixedPath', path=path)
    cfg.resume = resume
    # a folder a second, as mmengine names them
    cfg.experiment_name = cfg.visualizer.name = f'run_{path}_in_{work_dir.name}'
    runner = Runner.from_cfg(cfg)
    runner._timestamp = path
    runner.train()
    runner.visualizer.close()
    return Path(runner.visualizer._vis_backends['LocalVisBackend']._save_dir)


def points_of(folder: Path) -> list[dict]:
    lines = (folder / 'scalars.json').read_text().splitlines()
    points = [json.loads(line) for line in lines]
    return [point for point in points if 'self_training/depth' in point]


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp('data'))


@pytest.mark.slow
def test_a_resumed_run_goes_on_along_the_same_axis(config, tmp_path):
    folder = run(config, tmp_path, 'LocalVisBackend', path='P', resume=False)
    before = points_of(folder)
    assert [point['step'] for point in before] == [0, 1]
    folder = run(config, tmp_path, 'LocalVisBackend', path='PL', resume=True)
    points = points_of(folder)
    if len(points) == 3:  # the second Runner may have got the same folder
        assert points[:2] == before
        points = points[2:]
    assert [point['step'] for point in points] == [2]

    rows = json.loads((tmp_path / 'record.json').read_text())['stages']
    scores = [each['dev']['mIoU'] for each in rows]
    points = before + points
    assert [point['self_training/dev_mIoU'] for point in points] == scores
    best = [max(scores[: i + 1]) for i in range(3)]
    assert [point['self_training/best_dev_mIoU'] for point in points] == best
    tests = [each['test']['mIoU'] for each in rows]
    assert [point['self_training/test_mIoU'] for point in points] == tests
    assert [point['self_training/depth'] for point in points] == [0, 1, 2]
    shares = [points[1][f'self_training/share/{name}'] for name in 'abc']
    assert shares == rows[1]['class_shares']
    # the stages' own losses are in their folders, not here
    assert not any('loss' in point for point in points)


class OneRun(ModuleType):
    """W&B: its functions are those of the process's only run."""

    def __init__(self):
        super().__init__('wandb')
        self.started, self.logged, self.finished = 0, [], False
        self.config, self.run = mock.Mock(), mock.Mock()

    def init(self, **kwargs):
        self.started += 1

    def log(self, points, **kwargs):
        assert not self.finished
        self.logged.append(points)

    def join(self):
        self.finished = True


@pytest.mark.slow
def test_wandb_gets_the_curves_in_one_run(config, tmp_path, monkeypatch):
    wandb = OneRun()
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    backends = ('LocalVisBackend', 'WandbVisBackend')
    folder = run(config, tmp_path, *backends, path='P', resume=False)
    assert wandb.started == 1
    wandb.config.update.assert_called_once()
    points = points_of(folder)
    assert len(points) == 2
    logged = [{'step': i, **points} for i, points in enumerate(wandb.logged)]
    assert logged == points


@pytest.mark.slow
def test_tensorboard_gets_the_curves(config, tmp_path):
    backends = ('LocalVisBackend', 'TensorboardVisBackend')
    folder = run(config, tmp_path, *backends, path='L', resume=False)
    events = EventAccumulator(str(folder))
    events.Reload()
    points = points_of(folder)
    for name in ('dev_mIoU', 'test_mIoU', 'best_dev_mIoU', 'depth'):
        curve = events.Scalars(f'self_training/{name}')
        assert [event.step for event in curve] == [0, 1]
        expected = [point[f'self_training/{name}'] for point in points]
        assert [event.value for event in curve] == pytest.approx(expected)
