import torch
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
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        for name, value in (outputs or {}).items():
            if 'loss' in name and not torch.isfinite(torch.as_tensor(value)).all():
                raise NonFiniteLossError(
                    f'{name} is {value:g} at iteration {runner.iter + 1}'
                )
