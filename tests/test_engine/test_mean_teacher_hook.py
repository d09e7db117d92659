"""Eq. 3 in a real Runner."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.model import ExponentialMovingAverage, is_model_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import HOOKS, MODELS
from torch import nn

from mmseg_gist.engine.hooks.mean_teacher_hook import MeanTeacherHook, update_teacher
from mmseg_gist.utils import UserError


@pytest.fixture
def cfg(cfg):
    """The backbone's BatchNorm learns, so that its statistics move."""
    cfg.train_cfg.stage_iters = 5
    cfg.train_cfg.consistency = dict(loss_weight=0.1, dropout_ratio=0.5, momentum=0.1)
    cfg.model.backbone.update(
        norm_cfg=dict(type='BN', requires_grad=True), norm_eval=False
    )
    return cfg


def arrays(module):
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


def both(runner):
    return arrays(runner.model.student), arrays(runner.model.teacher)


def copied(state_dict):
    return {key: value.clone() for key, value in state_dict.items()}


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def is_statistic(name):
    return name.endswith(('running_mean', 'running_var', 'num_batches_tracked'))


@pytest.mark.parametrize('path', ['L', 'P'])
def test_the_teacher_is_the_moving_average_of_the_student(make_stage, run, path):
    _, values = run(make_stage(path), before_train=both, after_train_iter=both)
    ((student, teacher),) = values['before_train']
    assert student.keys() == teacher.keys()
    expected = {name: value.copy() for name, value in student.items()}
    for name, value in teacher.items():
        assert np.array_equal(value, expected[name])

    assert len(values['after_train_iter']) == 5
    for student, teacher in values['after_train_iter']:
        for name, value in teacher.items():
            if is_statistic(name):
                assert np.array_equal(value, student[name])
            else:
                expected[name] = 0.9 * expected[name] + 0.1 * student[name]
                np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-7)
    # what was averaged moved, each tensor
    first, last = values['after_train_iter'][0][0], student
    assert not any(np.array_equal(first[name], last[name]) for name in first)
    weight = next(name for name in first if not is_statistic(name))
    assert not np.array_equal(teacher[weight], student[weight])


def test_it_starts_from_the_weights_that_are_loaded(cfg, make_stage, run, tmp_path):
    init_default_scope('mmseg')
    torch.manual_seed(9)
    plain = MODELS.build(cfg.model)
    torch.save(dict(state_dict=plain.state_dict()), tmp_path / 'parent.pth')
    stage = make_stage('L')
    stage.load_from = str(tmp_path / 'parent.pth')
    _, values = run(stage, before_train=lambda r: copied(r.model.teacher.state_dict()))
    assert same(values['before_train'][0], plain.backbone.state_dict())


def test_it_travels_beside_the_model(cfg, make_stage, run):
    runner, _ = run(make_stage('0.5'))
    last = torch.load(f'{runner.work_dir}/last.pth', weights_only=False)
    assert list(last['state_dict']) == list(MODELS.build(cfg.model).state_dict())
    assert same(last['teacher'], runner.model.teacher.state_dict())
    assert not same(last['teacher'], runner.model.student.state_dict())


class CutOff(Exception):
    pass


def cut_off_at(iteration):
    def cut_off(runner):
        if runner.iter == iteration:
            raise CutOff

    return cut_off


@pytest.mark.slow
@pytest.mark.parametrize('path', ['L', '0.5', 'B0.5'])
def test_a_stage_that_was_cut_off_goes_on_with_its_teacher(cfg, make_stage, run, path):
    uninterrupted, values = run(
        make_stage(path),
        after_train_iter=lambda r: copied(r.model.teacher.state_dict()),
    )
    teachers = values['after_train_iter']

    cfg.work_dir += '_again'
    stage = make_stage(path)
    with pytest.raises(CutOff):
        run(stage, before_train_iter=cut_off_at(3))
    stage.resume, stage.load_from = True, f'{stage.work_dir}/last.pth'
    resumed, values = run(
        stage, before_train_iter=lambda r: copied(r.model.teacher.state_dict())
    )
    seen = values['before_train_iter']
    assert len(seen) == 3  # iterations 2, 3 and 4 of 0 to 4
    assert same(seen[0], teachers[1])
    assert same(resumed.model.teacher.state_dict(), teachers[-1])
    assert same(resumed.model.state_dict(), uninterrupted.model.state_dict())


# -------------------------------------------------------- the update by itself


def pair():
    torch.manual_seed(0)
    return [
        nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).requires_grad_(bool(i))
        for i in range(2)
    ]


def test_one_update_by_hand():
    teacher, student = pair()
    teacher[0].weight.data.fill_(2.0)
    student[0].weight.data.fill_(10.0)
    student[1].running_mean.fill_(5.0)
    student[1].num_batches_tracked.fill_(7)
    update_teacher(teacher, student, momentum=0.25)
    assert teacher[0].weight.unique().tolist() == [4.0]
    assert teacher[1].running_mean.tolist() == [5, 5, 5]
    assert teacher[1].num_batches_tracked == 7
    assert student[0].weight.unique().tolist() == [10.0]
    assert not teacher[0].weight.requires_grad and student[0].weight.requires_grad
    assert teacher[0].weight.grad_fn is None


def test_buffers_may_be_averaged_too():
    """Unless they are whole numbers. The hook has the momentum of its iteration."""
    model = nn.Module()
    model.teacher, model.student = pair()
    runner = SimpleNamespace(model=model, iter=0)
    kwargs = dict(momentum=0.25, warm_up=True, update_buffers=True)
    hook = HOOKS.build(dict(type='MeanTeacherHook', **kwargs))
    values = []
    for runner.iter, student in enumerate([12.0, 24.0, 36.0, 48.0, 0.0]):
        model.student[1].running_mean.fill_(student)
        model.student[1].num_batches_tracked.fill_(runner.iter)
        hook.after_train_iter(runner, runner.iter)
        values.append(model.teacher[1].running_mean[0].item())
        assert model.teacher[1].num_batches_tracked == runner.iter
    # max(1 / (i + 1), 0.25): the means of 12, 24, 36, 48; then three quarters
    assert values == pytest.approx([12, 18, 24, 30, 22.5])


def test_momentum_1_copies_and_0_keeps():
    teacher, student = pair()
    before = copied(teacher.state_dict())
    update_teacher(teacher, student, momentum=0)
    assert same(teacher.state_dict(), before)
    update_teacher(teacher, student, momentum=1)
    assert same(teacher.state_dict(), student.state_dict())
    assert not same(teacher.state_dict(), before)


def test_a_wrapped_model_has_a_teacher_too():
    """As under DistributedDataParallel."""
    model = nn.Module()
    model.teacher, model.student = pair()
    wrapped = nn.DataParallel(model)
    assert is_model_wrapper(wrapped)
    runner = SimpleNamespace(model=wrapped)
    hook = HOOKS.build(dict(type='MeanTeacherHook', momentum=0.5))
    hook.before_train(runner)
    assert same(model.teacher.state_dict(), model.student.state_dict())
    model.student[0].weight.data += 1
    expected = model.teacher[0].weight + 0.5
    hook.after_train_iter(runner, 0)
    assert torch.allclose(model.teacher[0].weight, expected)


def test_a_checkpoint_without_a_teacher_is_only_loaded_from():
    model = nn.Module()
    model.teacher, model.student = pair()
    runner = SimpleNamespace(model=model)
    hook = MeanTeacherHook()
    hook.after_load_checkpoint(runner, dict(state_dict={}))
    hook.before_train(runner)
    assert same(model.teacher.state_dict(), model.student.state_dict())


def test_it_is_the_average_of_mmengine():
    """Whose first call copies, as the hook does before the training."""
    teacher, student = pair()
    average = ExponentialMovingAverage(student, momentum=0.3)
    average.update_parameters(student)
    update_teacher(teacher, student, momentum=1)
    for _ in range(3):
        student[0].weight.data += torch.randn(3, 2)
        average.update_parameters(student)
        update_teacher(teacher, student, momentum=0.3)
    torch.testing.assert_close(teacher[0].weight, average.module[0].weight)


@pytest.mark.parametrize('momentum', [-0.1, 0, 0.51, 0.99, '0.01'])
def test_a_momentum_that_would_weigh_the_teacher_is_refused(momentum):
    with pytest.raises(UserError) as error:
        MeanTeacherHook(momentum)
    assert str(error.value) == (
        f'MeanTeacherHook: momentum = {momentum!r} is not in (0, 0.5]: as in mmengine '
        'it is the weight of the student, so 0.01 means that the teacher keeps 0.99'
    )
    assert MeanTeacherHook(momentum=0.5).momentum == 0.5
