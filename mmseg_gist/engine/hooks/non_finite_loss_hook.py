import math
from typing import Optional

from mmengine.hooks import Hook
from mmseg.registry import HOOKS


class NonFiniteLossError(RuntimeError):
    """The loss became NaN or infinite."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Ends a training whose loss is NaN or infinite.

    Raises:
        NonFiniteLossError: Naming the loss and the iteration.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        for name, value in (outputs or {}).items():
            if 'loss' in name and not math.isfinite(float(value)):
                raise NonFiniteLossError(
                    f'{name} is {float(value)} at iteration {runner.iter + 1}'
                )
