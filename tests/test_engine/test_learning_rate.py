"""The learning rate, stage by stage, in a real Runner."""

import pytest
import torch
from torch import nn

BASE = 0.05


def rates(runner):
    """Learning rate by part of the model, as the optimizer uses it."""
    names = {id(p): name for name, p in runner.model.named_parameters()}
    found = {}
    for group in runner.optim_wrapper.param_groups:
        for parameter in group['params']:
            if parameter.requires_grad:
                head = 'decode_head.' in names[id(parameter)]
                found.setdefault('head' if head else 'backbone', set()).add(group['lr'])
    return {part: value.pop() for part, value in found.items() if len(value) == 1}


def poly(iters, power=0.9):
    """mmengine's: the base rate at first, zero at the last iteration."""
    return [BASE * (1 - i / (iters - 1)) ** power for i in range(iters)]


@pytest.fixture
def cfg(cfg):
    cfg.optim_wrapper.paramwise_cfg = dict(
        custom_keys={'decode_head': dict(lr_mult=10)}
    )
    cfg.train_cfg.update(initial_iters=5, stage_iters=4)
    return cfg


@pytest.mark.parametrize('path, iters', [('', 5), ('L', 4), ('LP', 4), ('LPL', 4)])
def test_each_stage_starts_at_the_base_rate(make_stage, run, path, iters):
    _, values = run(make_stage(*path), before_train_iter=rates)
    measured = values['before_train_iter']
    assert measured[0] == dict(backbone=BASE, head=10 * BASE)
    expected = pytest.approx(poly(iters), abs=1e-12)
    assert [rate['backbone'] for rate in measured] == expected
    assert [rate['head'] / 10 for rate in measured] == expected


@pytest.mark.slow
def test_refined_stages_start_at_a_rate_of_their_own(cfg, make_stage, run):
    cfg.train_cfg.refinement = dict(optim_wrapper=dict(optimizer=dict(lr=0.002)))
    for path, base in (((), BASE), (('0.5',), 0.002)):
        _, values = run(make_stage(*path), before_train_iter=rates)
        assert values['before_train_iter'][0] == dict(backbone=base, head=10 * base)


@pytest.mark.slow
def test_a_schedule_with_ends_is_shrunk_to_the_stage(cfg, make_stage, run):
    """A tenth of warm-up, of 100 iterations, is 1 of 10."""
    cfg.train_cfg.stage_iters = 10
    cfg.param_scheduler = [
        dict(type='LinearLR', start_factor=0.2, by_epoch=False, begin=0, end=20),
        dict(type='PolyLR', power=2.0, eta_min=0.0, by_epoch=False, begin=20, end=100),
    ]
    _, values = run(make_stage('L'), before_train_iter=rates)
    measured = [rate['backbone'] for rate in values['before_train_iter']]
    # from 0.2 to 1 in iterations 0 and 1, then a parabola to zero over eight
    expected = [0.2 * BASE, BASE, *poly(8, power=2)]
    assert measured == pytest.approx(expected, abs=1e-12)


def test_the_optimizer_starts_afresh(make_stage, run):
    """With no momentum of an earlier stage."""

    def momenta(runner):
        return [
            value['momentum_buffer']
            for value in runner.optim_wrapper.optimizer.state.values()
        ]

    for path in ('', 'L'):
        runner, values = run(make_stage(*path), before_train=momenta)
        assert values['before_train'] == [[]]
        assert any(torch.any(buffer != 0) for buffer in momenta(runner))


def test_frozen_and_helping_parameters_do_not_move(make_stage, run):
    """Neither does weight decay shrink them."""
    stage = make_stage('0.5')
    stage.optim_wrapper.optimizer.weight_decay = 0.5
    stage.custom_hooks = [h for h in stage.custom_hooks if 'Teacher' not in h['type']]

    def frozen(runner):
        modules = [m for m in runner.model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert len(modules) > 4
        return {
            name: value.clone()
            for name, value in runner.model.named_parameters()
            if not value.requires_grad
        }

    runner, values = run(stage, before_train=frozen)
    (before,) = values['before_train']
    kinds = {name.split('.')[0] for name in before}
    assert kinds == {'segmentor', 'teacher'}
    after = frozen(runner)
    assert all(torch.equal(before[name], after[name]) for name in before)
