"""Stages that restart, mixed batches of any ratio, a share kept that grows."""

import json
import math
import signal
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.checkpoint import get_state_dict
from mmseg.registry import HOOKS, MODELS
from mmseg.structures import SegDataSample
from tiny import write_tiny
from trainings import assert_same, outcome, train

from mmseg_gist.datasets.labels import read_label
from mmseg_gist.datasets.output_names import confidence_path
from mmseg_gist.utils import UserError

pytestmark = pytest.mark.slow

# Stages of 5 iterations where they restart, else of 3.
SETTINGS = """
model.update(init_cfg=dict(type='Pretrained', checkpoint='FOLDER/weights.pth'))
train_cfg.update(
    policy=dict(type='FIST', num_stages=2, alpha=0.25),
    label_erase=dict(keep=[0.3, 0.6]),
    refinement=dict(
        optim_wrapper=dict(optimizer=dict(lr=0.001)),
        train_dataloader=dict(batch_size=1), unlabeled_dataloader=dict(batch_size=3)))
"""
RESTART = 'train_cfg.update(restart=True)\n'
KILLING = """
custom_imports = dict(imports=['mmseg_gist', 'kill_points'])
custom_hooks = [dict(type='KillHook')]
"""
STAGES = ['0', '0.25', '0.25-0.25']
SEEN = {}


@HOOKS.register_module()
class SeenHook(Hook):
    """What each stage starts from, its learning rates and its batches."""

    def before_train(self, runner) -> None:
        weights = get_state_dict(runner.model)
        weights = {name: value.clone() for name, value in weights.items()}
        self.seen = dict(weights=weights, rates=[], sources=[])
        SEEN[runner.work_dir] = self.seen

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        sources = Counter(s.metainfo['source'] for s in data_batch['data_samples'])
        self.seen['sources'].append(dict(sources))
        self.seen['rates'].append(runner.optim_wrapper.get_lr()['lr'])


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    """That of a run without restart; ``restart.py`` is beside it."""
    config = write_tiny(tmp_path_factory.mktemp('data'))
    text = config.read_text() + SETTINGS.replace('FOLDER', str(config.parent))
    config.write_text(text)
    config.with_name('restart.py').write_text(text + RESTART)
    cfg = Config.fromfile(config)
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, init_cfg=None, _scope_='mmseg'))
    torch.save(model.state_dict(), config.parent / 'weights.pth')
    return config


def run(config: Path, work_dir: Path, **settings) -> Path:
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(settings)
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    cfg.train_dataloader.num_workers = 0
    cfg.custom_hooks = [dict(type='SeenHook')]
    Runner.from_cfg(cfg).train()
    return work_dir


@pytest.fixture(scope='module')
def plain(config, tmp_path_factory) -> Path:
    return run(config, tmp_path_factory.mktemp('plain'))


@pytest.fixture(scope='module')
def restarted(config, tmp_path_factory) -> Path:
    return run(config.with_name('restart.py'), tmp_path_factory.mktemp('restarted'))


def rows_of(work_dir: Path) -> dict[str, dict]:
    record = json.loads((work_dir / 'record.json').read_text())
    return {row['path']: row for row in record['stages']}


def seen(work_dir: Path, stage: str) -> dict:
    return SEEN[str(work_dir / 'stages' / stage)]


def label_file(work_dir: Path, parent: str, image: int) -> str:
    return str(work_dir / f'stages/{parent}/pseudo_labels/unlabeled{image}.png')


def equal(ours: dict, theirs: dict) -> bool:
    assert ours.keys() == theirs.keys()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_a_stage_starts_from(config, plain, restarted):
    """All from the weights of stage 0's start, or each from those of its parent."""
    first = torch.load(config.parent / 'weights.pth', weights_only=True)
    for work_dir in (plain, restarted):
        weights = outcome(work_dir)[1]
        assert equal(seen(work_dir, '0')['weights'], first)
        for parent, stage in zip(STAGES, STAGES[1:]):
            start = first if work_dir == restarted else weights[parent]
            assert equal(seen(work_dir, stage)['weights'], start)
        assert not equal(weights['0'], first)


def test_how_a_stage_trains(plain, restarted):
    """Iterations and learning rates of stage 0, or those of the refinement."""
    rates = [0.05 * (1 - i / 4) ** 0.9 for i in range(5)]
    for stage in STAGES:
        assert rows_of(restarted)[stage]['iters'] == 5
        assert sum(seen(restarted, stage)['rates'], []) == pytest.approx(rates)
    refined = [0.001 * (1 - i / 2) ** 0.9 for i in range(3)]
    for stage in STAGES[1:]:
        assert rows_of(plain)[stage]['iters'] == 3
        assert sum(seen(plain, stage)['rates'], []) == pytest.approx(refined)


def test_the_parent_labels_for_a_stage_that_restarts(config, restarted):
    model = MODELS.build(dict(Config.fromfile(config).model, _scope_='mmseg')).eval()
    for parent, weights in outcome(restarted)[1].items():
        if parent == STAGES[-1]:
            continue
        model.load_state_dict(weights)
        for i in range(12):
            image = cv2.imread(str(config.parent / f'images/unlabeled{i}.png'))
            shapes = dict(ori_shape=image.shape[:2], img_shape=image.shape[:2])
            batch = dict(
                inputs=[torch.from_numpy(image).permute(2, 0, 1)],
                data_samples=[SegDataSample(metainfo=shapes)],
            )
            (result,) = model.test_step(batch)
            made = read_label(label_file(restarted, parent, i))
            assert np.array_equal(made, result.pred_sem_seg.data[0].numpy())


def test_images_of_each_kind_in_a_batch(restarted):
    """Source 0 is human labels; the refinement sets how many."""
    assert seen(restarted, '0')['sources'] == [{0: 2}] * 5
    for stage in STAGES[1:]:
        assert seen(restarted, stage)['sources'] == [{0: 1, 1: 3}] * 5
        drawn = dict(drawn=12, unlabeled=12)
        assert rows_of(restarted)[stage]['pseudo_labels'] == drawn


def test_the_share_kept_by_stage(restarted):
    """From the files: of each class the most confident pixels, and their ties."""
    for parent, stage, keep in zip(STAGES, STAGES[1:], (0.3, 0.6)):
        files = [label_file(restarted, parent, i) for i in range(12)]
        labels, sure = (
            np.concatenate([read_label(file).ravel() for file in each])
            for each in (files, map(confidence_path, files))
        )
        expected = []
        for label in range(3):
            values = np.sort(sure[labels == label])[::-1]
            if not len(values):
                expected.append(None)
                continue
            least = values[math.ceil(keep * len(values)) - 1]
            expected.append(round(100 * float((values >= least).mean()), 2))
        assert rows_of(restarted)[stage]['kept']['classes'] == expected


def test_killed_and_resumed(config, restarted, tmp_path):
    killing = config.with_name('killing_config.py')
    killing.write_text(config.with_name('restart.py').read_text() + KILLING)
    options = ('--cfg-options', 'randomness.seed=0')
    # in stage 0; in its child, after a save; labeling for the last one, and in it
    for kill_at in ('train:4', 'train:7', 'test:12', 'train:4'):
        killed = train(killing, tmp_path, '--resume', *options, KILL_AT=kill_at)
        assert killed.returncode == -signal.SIGKILL, (kill_at, killed.stderr)
    resumed = train(killing, tmp_path, '--resume', *options)
    assert resumed.returncode == 0, resumed.stderr
    assert_same(outcome(tmp_path), outcome(restarted))


def test_a_given_model_labels_and_is_not_the_start(config, restarted, tmp_path):
    """As stage 0 itself does, so that several runs may share it."""
    given = str(restarted / 'stages/0/checkpoint.pth')
    restart = config.with_name('restart.py')
    again = run(restart, tmp_path / 'run', load_from=given)
    for index, (ours, theirs) in enumerate(zip(*map(outcome, (again, restarted)))):
        if index:  # the weights
            assert all(equal(ours[stage], theirs[stage]) for stage in STAGES)
    with pytest.raises(UserError, match='initial_iters = 0 is not a whole number'):
        changes = {'load_from': given, 'train_cfg.initial_iters': 0}
        run(restart, tmp_path / 'other', **changes)
