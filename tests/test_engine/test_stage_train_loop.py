import os
import random

import numpy as np
import pytest
import torch

from mmseg_gist.datasets import DrawDataset
from mmseg_gist.utils import derive_seed


def randomness(runner=None):
    return random.random(), np.random.rand(), torch.rand(()).item()


@pytest.fixture
def cfg(cfg):
    cfg.train_cfg.stage_iters = 6
    cfg.default_hooks.checkpoint.interval = 2
    return cfg


@pytest.fixture
def loaded(monkeypatch):
    """The draws that were loaded, in this process."""
    drawn = []
    getitem = DrawDataset.__getitem__

    def counted(self, draw):
        drawn.append(draw)
        return getitem(self, draw)

    monkeypatch.setattr(DrawDataset, '__getitem__', counted)
    return drawn


class CutOff(Exception):
    pass


def cut_off(runner):
    if runner.iter == 5:
        raise CutOff


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_the_random_numbers_of_an_iteration_follow_from_the_seed(make_stage, run):
    stage = make_stage('L')
    _, values = run(stage, before_train_iter=randomness)
    expected = []
    for iteration in range(6):
        seed = derive_seed(stage.train_cfg.seed, 'iteration', iteration, 0)
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        expected.append(randomness())
    assert values['before_train_iter'] == expected
    assert len(set(sum(expected, ()))) == 18


@pytest.mark.slow
def test_each_process_has_numbers_of_its_own(make_stage, run, monkeypatch):
    _, values = run(make_stage('L'), before_train_iter=randomness)
    monkeypatch.setattr('mmseg_gist.engine.runner.stage_train_loop.get_rank', lambda: 1)
    _, others = run(make_stage('L'), before_train_iter=randomness)
    pairs = zip(values['before_train_iter'], others['before_train_iter'])
    assert not any(set(one) & set(two) for one, two in pairs)


@pytest.mark.slow
def test_the_data_go_on_where_they_stopped(make_stage, run, loaded):
    stage = make_stage('0.5')
    run(stage)
    assert len(loaded) == 6 * 4
    whole = loaded.copy()
    loaded.clear()
    with pytest.raises(CutOff):
        run(stage, before_train_iter=cut_off)
    loaded.clear()
    stage.resume, stage.load_from = True, f'{stage.work_dir}/last.pth'
    _, values = run(stage, before_train_iter=randomness)
    assert loaded == whole[4 * 4 :]  # saved after four iterations; none replayed
    assert len(values['before_train_iter']) == 2


def test_a_finished_training_loads_nothing(make_stage, run, loaded):
    stage = make_stage('L')
    runner, _ = run(stage)
    weights = {k: v.clone() for k, v in runner.model.state_dict().items()}
    loaded.clear()
    stage.resume, stage.load_from = True, f'{stage.work_dir}/last.pth'
    runner, values = run(stage, before_train_iter=randomness)
    assert values['before_train_iter'] == loaded == []
    assert same(runner.model.state_dict(), weights)


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(cfg, make_stage, run):
    weights = []
    for workers in (0, 2):
        cfg.train_dataloader.num_workers = workers
        cfg.train_dataloader.persistent_workers = workers > 0
        runner, _ = run(make_stage('L'))
        weights.append(runner.model.state_dict())
    assert same(*weights)


@pytest.mark.slow
def test_another_seed_is_another_training(cfg, make_stage, run):
    weights = []
    for seed in (0, 1):
        cfg.randomness.seed = seed
        runner, _ = run(make_stage('L'))
        weights.append(runner.model.state_dict())
    assert not same(*weights)


def test_hooks_are_called_as_in_mmengines_loop(make_stage, run):
    order = []
    points = ['before_train', 'before_train_epoch', 'before_train_iter']
    points += ['after_train_iter', 'after_train_epoch', 'after_train']
    stage = make_stage('L')
    stage.train_cfg.max_iters = 2
    run(stage, **{p: lambda r, p=p: order.append(p) for p in points})
    assert order == [*points[:2], *points[2:4] * 2, *points[4:]]


def test_dropout_is_on(make_stage, run):
    _, values = run(make_stage('L'), before_train_iter=lambda r: r.model.training)
    assert values['before_train_iter'] == [True] * 6


def test_it_does_not_validate(make_stage, run):
    runner, values = run(make_stage('L'), before_val=randomness)
    assert values['before_val'] == []
    assert os.path.isfile(f'{runner.work_dir}/last.pth')
