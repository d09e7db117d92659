import torch
from mmseg.registry import HOOKS
from torch import nn

from mmseg_gist.utils import UserError, unwrapped

from .helper_hook import HelperHook


@torch.no_grad()
def update_teacher(
    teacher: nn.Module,
    student: nn.Module,
    momentum: float,
    update_buffers: bool = False,
) -> None:
    """``theta* = (1 - momentum) theta* + momentum theta``, as mmengine's averages.

    Buffers (BatchNorm statistics) are the student's. With ``update_buffers`` they are
    averages as well, except integers.
    """
    for ours, theirs in zip(teacher.parameters(), student.parameters()):
        ours.lerp_(theirs, momentum)
    for ours, theirs in zip(teacher.buffers(), student.buffers()):
        if update_buffers and ours.is_floating_point():
            ours.lerp_(theirs, momentum)
        else:
            ours.copy_(theirs)


@HOOKS.register_module()
class MeanTeacherHook(HelperHook):
    """Keeps ``model.teacher`` the moving average of ``model.student`` (Eq. 3).

    The teacher starts as a copy of the student and is updated after each
    iteration. It is not part of the model's ``state_dict``, see :class:`HelperHook`.

    Args:
        momentum (float): The weight of the student, in (0, 0.5]: 1 - beta of the
            paper's Eq. 3, which has no public value. Defaults to 0.01.
        warm_up (bool): Whether the momentum after iteration i (from 0) is
            ``max(1 / (i + 1), momentum)``, as in ClassMix. At first this is the plain
            mean of all students so far. Defaults to False.
        update_buffers (bool): Whether buffers (BatchNorm statistics) are averaged
            like parameters, as in UniMatch V2; else they are the student's.
            Defaults to False.

    Raises:
        UserError: The momentum is not in (0, 0.5], for example because it is meant as
            the weight of the teacher.
    """

    def __init__(
        self,
        momentum: float = 0.01,
        warm_up: bool = False,
        update_buffers: bool = False,
    ) -> None:
        super().__init__('teacher')
        if not isinstance(momentum, (int, float)) or not 0 < momentum <= 0.5:
            raise UserError(
                f'MeanTeacherHook: momentum = {momentum!r} is not in (0, 0.5]: as in '
                'mmengine it is the weight of the student, so 0.01 means that the '
                'teacher keeps 0.99'
            )
        self.momentum = momentum
        self.warm_up = warm_up
        self.update_buffers = update_buffers

    def before_train(self, runner) -> None:
        if not self.resumed:
            model = unwrapped(runner.model)
            update_teacher(model.teacher, model.student, momentum=1)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        model, momentum = unwrapped(runner.model), self.momentum
        if self.warm_up:
            momentum = max(1 / (runner.iter + 1), momentum)
        update_teacher(model.teacher, model.student, momentum, self.update_buffers)
