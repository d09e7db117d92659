import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS
from torch import nn


@torch.no_grad()
def update_teacher(teacher: nn.Module, student: nn.Module, momentum: float) -> None:
    """Eq. 3: ``theta* = momentum theta* + (1 - momentum) theta``.

    Buffers (BatchNorm statistics) are the student's.
    """
    for ours, theirs in zip(teacher.parameters(), student.parameters()):
        ours.lerp_(theirs, 1 - momentum)
    for ours, theirs in zip(teacher.buffers(), student.buffers()):
        ours.copy_(theirs)


@HOOKS.register_module()
class MeanTeacherHook(Hook):
    """Keeps ``model.teacher`` the moving average of ``model.student`` (Eq. 3).

    The teacher starts as a copy of the student and is updated after each
    iteration. It is no part of the model's ``state_dict``: it travels beside
    it, under ``'teacher'``, in the checkpoints that a training resumes from.

    Args:
        momentum (float): The paper's beta, in [0, 1]; it has no public value.
            Defaults to 0.99.
    """

    def __init__(self, momentum: float = 0.99) -> None:
        assert 0 <= momentum <= 1, f'momentum {momentum} is not in [0, 1]'
        self.momentum = momentum
        self.resumed = False

    @staticmethod
    def _model(runner) -> nn.Module:
        return runner.model.module if is_model_wrapper(runner.model) else runner.model

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if 'teacher' in checkpoint:
            self._model(runner).teacher.load_state_dict(checkpoint['teacher'])
            self.resumed = True

    def before_train(self, runner) -> None:
        if not self.resumed:
            model = self._model(runner)
            update_teacher(model.teacher, model.student, momentum=0)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        model = self._model(runner)
        update_teacher(model.teacher, model.student, self.momentum)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint['teacher'] = self._model(runner).teacher.state_dict()
