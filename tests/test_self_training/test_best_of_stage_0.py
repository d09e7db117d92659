"""initial_val_interval: stage 0 gives its best iteration, killed or not."""

import json
import signal
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from tiny import write_tiny
from trainings import assert_same, outcome, train

pytestmark = pytest.mark.slow

# Saved after every second iteration, scored after every third and the last, at a
# learning rate that makes the scores jump.
SETTINGS = """
optim_wrapper.update(optimizer=dict(type='SGD', lr=1.0, momentum=0.9))
param_scheduler = None
train_cfg.update(
    policy=dict(type='FixedPath', path='L'), initial_iters=8, initial_val_interval=3)
"""
KILLING = """
custom_imports = dict(imports=['mmseg_gist', 'kill_points'])
custom_hooks = [dict(type='KillHook')]
"""
WEIGHTS = {}


@HOOKS.register_module()
class KeepWeightsHook(Hook):
    """Keeps the weights of stage 0 by iteration."""

    def after_train_iter(self, runner, *args, **kwargs) -> None:
        if Path(runner.work_dir).name == '0':
            weights = runner.model.state_dict()
            copy = {name: value.clone() for name, value in weights.items()}
            WEIGHTS[runner.iter + 1] = copy


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    config = write_tiny(tmp_path_factory.mktemp('data'))
    with config.open('a') as file:
        file.write(SETTINGS)
    return config


@pytest.fixture(scope='module')
def work_dir(config, tmp_path_factory) -> Path:
    cfg = Config.fromfile(config)
    cfg.work_dir = str(tmp_path_factory.mktemp('run'))
    cfg.custom_hooks = [dict(type='KeepWeightsHook')]
    Runner.from_cfg(cfg).train()
    return Path(cfg.work_dir)


def scores(work_dir: Path) -> dict[int, float]:
    """Development mIoU of stage 0 by iteration, as it trained."""
    (file,) = (work_dir / 'stages/0').glob('*/vis_data/scalars.json')
    found = {}
    for row in map(json.loads, file.read_text().splitlines()):
        if 'mIoU' in row:  # the last row is that of the stage's result
            found.setdefault(row['step'], row['mIoU'])
    return found


def test_the_best_iteration_is_the_result(work_dir):
    by_iteration = scores(work_dir)
    assert list(by_iteration) == [3, 6, 8]
    best = max(by_iteration, key=by_iteration.get)
    assert best < 8
    record, weights = outcome(work_dir)
    root = record['stages'][0]
    assert root['iters'] == 8
    assert root['dev']['mIoU'] == pytest.approx(by_iteration[best], abs=1e-3)
    for name, value in WEIGHTS[best].items():
        assert torch.equal(weights['0'][name], value)
    assert not torch.equal(weights['0'][name], WEIGHTS[8][name])
    assert list((work_dir / 'stages/0').glob('*.pth')) == [
        work_dir / 'stages/0/checkpoint.pth'
    ]


def test_killed_and_resumed(config, work_dir, tmp_path):
    killing = config.with_name('killing_config.py')
    killing.write_text(config.read_text() + KILLING)
    run = tmp_path / 'run'
    # three images a validation: in that of iteration 3, in the fourth iteration, in
    # the validation of iteration 6, which is saved, in that again, and at the end
    for kill_at in ('val:2', 'train:4', 'val:5', 'val:2', 'val:8'):
        killed = train(killing, run, '--resume', KILL_AT=kill_at)
        assert killed.returncode == -signal.SIGKILL, (kill_at, killed.stderr)
    for file in (run / 'stages/0').glob('best_*'):  # cut off as it was written
        file.write_bytes(b'')
    resumed = train(killing, run, '--resume')
    assert resumed.returncode == 0, resumed.stderr
    assert_same(outcome(run), outcome(work_dir))
