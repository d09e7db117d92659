import os.path as osp
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_gist.utils import atomic_path


@HOOKS.register_module()
class SnapshotHook(Hook):
    """Saves the model at equal parts of a training, atomically.

    The i-th of n files is written after i / (n + 1) of the iterations, rounded down,
    but never before the first iteration ends.

    Args:
        files (Sequence[str]): Checkpoints, without the optimizer.
    """

    # comes before ProgressHook, whose file lets a training resume after this iteration
    priority = 'LOW'

    def __init__(self, files: Sequence[str]) -> None:
        self.files = files

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        parts = len(self.files) + 1
        for part, file in enumerate(self.files, 1):
            due = max(1, runner.max_iters * part // parts)
            if runner.iter + 1 == due and is_main_process():
                with atomic_path(Path(file)) as temporary:
                    runner.save_checkpoint(
                        osp.dirname(file),
                        temporary.name,
                        save_optimizer=False,
                        save_param_scheduler=False,
                        by_epoch=False,
                    )
