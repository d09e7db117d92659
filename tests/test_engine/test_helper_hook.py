"""Helpers travel beside the model's state, and the teacher's warm-up."""

from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import HOOKS
from torch import nn


def runner_of(**helpers):
    model = nn.Module()
    for name, module in helpers.items():
        setattr(model, name, module)
    return SimpleNamespace(model=model)


def test_a_helper_is_saved_and_loaded_under_its_name():
    hook = HOOKS.build(dict(type='HelperHook', name='discriminator'))
    ours = runner_of(discriminator=nn.Linear(2, 3), other=nn.Linear(1, 1))
    checkpoint = dict(state_dict={})
    hook.before_save_checkpoint(ours, checkpoint)
    assert set(checkpoint) == {'state_dict', 'discriminator'}
    theirs = runner_of(discriminator=nn.Linear(2, 3))
    hook.after_load_checkpoint(theirs, checkpoint)
    expected = ours.model.discriminator.state_dict()
    for name, value in theirs.model.discriminator.state_dict().items():
        assert torch.equal(value, expected[name])


def test_a_wrapped_model_is_looked_into():
    runner = runner_of(discriminator=nn.Linear(2, 3))
    runner.model = nn.DataParallel(runner.model)
    checkpoint = {}
    hook = HOOKS.build(dict(type='HelperHook', name='discriminator'))
    hook.before_save_checkpoint(runner, checkpoint)
    assert set(checkpoint['discriminator']) == {'weight', 'bias'}


def test_a_checkpoint_without_it_is_only_loaded_from():
    hook = HOOKS.build(dict(type='HelperHook', name='discriminator'))
    runner = runner_of(discriminator=nn.Linear(2, 3))
    before = runner.model.discriminator.weight.clone()
    hook.after_load_checkpoint(runner, dict(state_dict={}))
    assert torch.equal(runner.model.discriminator.weight, before)


def scalar(value):
    module = nn.Module()
    module.weight = nn.Parameter(torch.tensor(float(value)))
    return module


def test_the_warm_up_by_hand():
    """max(1 / (i + 1), 1/4): 1, 1/2, 1/3, 1/4, 1/4."""
    hook = HOOKS.build(dict(type='MeanTeacherHook', momentum=0.25, warm_up=True))
    runner = runner_of(teacher=scalar(100), student=scalar(0))
    values = []
    for i, student in enumerate([12, 24, 36, 48, 0]):
        runner.iter = i
        runner.model.student.weight.data.fill_(student)
        hook.after_train_iter(runner, i)
        values.append(runner.model.teacher.weight.item())
    # the means of 12, 24, 36, 48; then three quarters
    assert values == pytest.approx([12, 18, 24, 30, 22.5])


def test_without_a_warm_up_the_first_step_has_the_momentum():
    hook = HOOKS.build(dict(type='MeanTeacherHook', momentum=0.25))
    runner = runner_of(teacher=scalar(100), student=scalar(20))
    runner.iter = 0
    hook.after_train_iter(runner, 0)
    assert runner.model.teacher.weight.item() == pytest.approx(80)
