from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS
from torch import nn


@HOOKS.register_module()
class HelperHook(Hook):
    """Lets a helper of training, such as a discriminator, be resumed.

    A helper is no part of the model's ``state_dict``: it travels beside it,
    under its own name, in the checkpoints that a training resumes from.

    Args:
        name (str): Of the model's attribute, an ``nn.Module``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.resumed = False

    @staticmethod
    def _model(runner) -> nn.Module:
        return runner.model.module if is_model_wrapper(runner.model) else runner.model

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if self.name in checkpoint:
            helper = getattr(self._model(runner), self.name)
            helper.load_state_dict(checkpoint[self.name])
            self.resumed = True

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint[self.name] = getattr(self._model(runner), self.name).state_dict()
