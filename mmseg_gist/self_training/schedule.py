"""Learning-rate schedules, fitted to the length of a stage."""

from mmseg_gist.utils import UserError

# what mmengine's schedulers count in iterations besides begin and end
PERIODS = {'T_max', 'step_size', 'total_steps', 'milestones', 'periods'}


def fit_schedule(param_scheduler, iters: int):
    """The schedule stretched or shrunk so that its last part ends with the stage.

    Args:
        param_scheduler: As in mmengine's configs. A part without ``end`` ends with the
            stage, so a schedule with such a part is not changed.
        iters (int): Length of the stage, 0 if it is not trained.

    Raises:
        UserError: A schedule that is not changed is longer than the stage.
    """
    if not param_scheduler:
        return param_scheduler
    if isinstance(param_scheduler, dict):
        param_scheduler = [param_scheduler]
    schedulers = [dict(scheduler) for scheduler in param_scheduler]
    if any('end' not in scheduler for scheduler in schedulers):
        needed = max(s.get('end', s.get('begin', 0) + 1) for s in schedulers)
        if 0 < iters < needed:
            raise UserError(
                f'param_scheduler needs at least {needed} iterations, but a stage has '
                f'{iters}: give each part an end, so that all shrink together, or set '
                'train_cfg.refinement.param_scheduler'
            )
        return schedulers
    length = max(scheduler['end'] for scheduler in schedulers)
    for scheduler in schedulers:
        for key in ('begin', 'end'):
            if key in scheduler:
                scheduler[key] = round(scheduler[key] * iters / length)
        for key in PERIODS & scheduler.keys():
            scheduler[key] = scaled(scheduler[key], iters / length)
    return [s for s in schedulers if s.get('begin', 0) < s['end']]


def scaled(period, factor: float):
    if isinstance(period, (list, tuple)):
        return [scaled(each, factor) for each in period]
    return max(1, round(period * factor))
