import math

import pytest
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from mmseg_gist.self_training.schedule import fit_schedule
from mmseg_gist.utils import UserError

POLY = dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)
WARM_UP = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20)


def rates(schedule, iters):
    """The learning rates of a training with a base rate of 1."""
    optim_wrapper = build_optim_wrapper(
        nn.Linear(1, 1), dict(optimizer=dict(type='SGD', lr=1.0))
    )
    schedulers = [
        # as mmengine's Runner does it
        PARAM_SCHEDULERS.build(
            scheduler, default_args=dict(optimizer=optim_wrapper, end=iters)
        )
        for scheduler in schedule
    ]
    values = []
    for _ in range(iters):
        values.append(optim_wrapper.get_lr()['lr'][0])
        optim_wrapper.step()
        for scheduler in schedulers:
            scheduler.step()
    return values


def poly(iters):
    """mmengine's: zero at the last iteration, not after it."""
    return [(1 - i / (iters - 1)) ** 0.9 for i in range(iters)]


def test_a_schedule_without_an_end_lasts_as_long_as_the_stage():
    assert fit_schedule(POLY, 40) == [POLY]
    assert fit_schedule([POLY], 40) == [POLY]
    assert rates(fit_schedule(POLY, 5), 5) == pytest.approx(poly(5))


def test_a_schedule_is_shrunk_with_its_warm_up():
    schedule = [WARM_UP, dict(POLY, begin=20, end=200)]
    fitted = fit_schedule(schedule, 30)
    assert fitted == [dict(WARM_UP, end=3), dict(POLY, begin=3, end=30)]
    # linearly from 0.1 to 1 over the iterations 0, 1, 2; then poly over 27
    assert rates(fitted, 30) == pytest.approx([0.1, 0.55, 1, *poly(27)])


def test_a_schedule_is_stretched():
    schedule = [WARM_UP, dict(POLY, begin=20, end=40)]
    assert fit_schedule(schedule, 100) == [
        dict(WARM_UP, end=50),
        dict(POLY, begin=50, end=100),
    ]
    assert schedule == [WARM_UP, dict(POLY, begin=20, end=40)]  # as it was


def test_the_last_of_the_parts_ends_with_the_stage_in_any_order():
    schedule = [dict(POLY, begin=20, end=40), WARM_UP]
    assert fit_schedule(schedule, 80) == [
        dict(POLY, begin=40, end=80),
        dict(WARM_UP, end=40),
    ]


def test_a_part_without_an_end_ends_with_the_stage():
    """So the schedule is as long as the stage, and its warm-up as written."""
    schedule = [WARM_UP, dict(POLY, begin=20)]
    assert fit_schedule(schedule, 100) == schedule


def test_what_else_is_counted_in_iterations_is_shrunk_too():
    """Else a cosine would hardly begin, and a step never come, in a short stage."""
    cosine = dict(type='CosineAnnealingLR', T_max=100, end=100, by_epoch=False)
    (fitted,) = fit_schedule(cosine, 20)
    assert fitted == dict(cosine, T_max=20, end=20)
    last = (1 + math.cos(math.pi * 19 / 20)) / 2
    assert rates([fitted], 20)[-1] == pytest.approx(last)
    steps = dict(type='MultiStepLR', milestones=[50, 75], end=100, by_epoch=False)
    (fitted,) = fit_schedule(steps, 20)
    assert fitted == dict(steps, milestones=[10, 15], end=20)
    steps = dict(type='StepLR', step_size=10, end=100, by_epoch=False)
    assert fit_schedule(steps, 4) == [dict(steps, step_size=1, end=4)]


@pytest.mark.parametrize(
    'schedule, iters, needed',
    [
        # there is no iteration left for what follows the warm-up
        ([WARM_UP, dict(POLY, begin=20)], 20, 21),
        ([WARM_UP, dict(POLY, begin=20)], 10, 21),
        ([dict(POLY, begin=20)], 20, 21),
        # or the rate never reaches its full value
        ([POLY, WARM_UP], 19, 20),
    ],
)
def test_a_schedule_that_is_taken_as_written_must_fit(schedule, iters, needed):
    with pytest.raises(UserError) as error:
        fit_schedule(schedule, iters)
    assert str(error.value) == (
        f'param_scheduler needs at least {needed} iterations, but a stage has {iters}: '
        'give each part an end, so that all shrink together, or set '
        'train_cfg.refinement.param_scheduler'
    )
    assert fit_schedule(schedule, needed) == schedule
    assert fit_schedule(schedule, 0) == schedule  # it is not trained
    assert len(rates(schedule, needed)) == needed  # mmengine takes it


def test_a_warm_up_of_less_than_an_iteration_falls_away():
    schedule = fit_schedule([WARM_UP, dict(POLY, begin=20, end=2000)], 4)
    assert rates(schedule, 4) == pytest.approx(poly(4))
