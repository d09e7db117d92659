import torch
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


class NonFiniteLossError(RuntimeError):
    """The loss became NaN or infinite."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Ends a training whose loss is NaN or infinite, on all processes at once.

    Raises:
        NonFiniteLossError: The message names the loss and the iteration.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        reason = None
        for name, value in (outputs or {}).items():
            if 'loss' in name and not torch.isfinite(torch.as_tensor(value)).all():
                reason = f'{name} is {value:g} at iteration {runner.iter + 1}'
                break
        # a process that ended alone would leave the others waiting for it
        ends = torch.tensor(int(reason is not None))
        all_reduce(ends, 'max')
        if ends:
            raise NonFiniteLossError(next(filter(None, all_gather_object(reason))))
