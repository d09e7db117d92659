import os.path as osp

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_gist.utils import atomic_path


@HOOKS.register_module()
class ProgressHook(Hook):
    """Saves the state of a training atomically, so that it can be interrupted.

    One file, ``last.pth``, has all that resuming needs. mmengine's own ``resume`` also
    finds it, through ``last_checkpoint``. (mmengine's
    ``CheckpointHook`` deletes the old file before it writes the new one in
    place, so a kill in between leaves no file.) Weights that are not finite are not
    saved.

    Args:
        interval (int): Iterations between two saves; the last iteration is
            always saved. With gradient accumulation, the save waits for the optimizer's
            next step.
    """

    priority = 'VERY_LOW'
    filename = 'last.pth'

    def __init__(self, interval: int) -> None:
        self.interval = interval

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        done = runner.iter + 1
        steps = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        # between two steps of the optimizer, gradients would be lost
        due = self.interval > 0 and done % steps == 0 and done % self.interval < steps
        if not (due or self.is_last_train_iter(runner)):
            return
        # weights that are not finite would take the place of the last finite ones
        if is_main_process() and all(
            parameter.isfinite().all() for parameter in runner.model.parameters()
        ):
            path = osp.join(runner.work_dir, self.filename)
            with atomic_path(path) as temporary:
                runner.save_checkpoint(runner.work_dir, temporary.name, by_epoch=False)
            with atomic_path(osp.join(runner.work_dir, 'last_checkpoint')) as temporary:
                temporary.write_text(path)
