from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_gist.utils import unwrapped


@HOOKS.register_module()
class HelperHook(Hook):
    """Lets a helper of training, such as a discriminator, be resumed.

    A helper is not part of the model's ``state_dict``. The checkpoints from which a
    training resumes hold it beside the ``state_dict``, under its own name.

    Args:
        name (str): The model's attribute, an ``nn.Module``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.resumed = False

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if self.name in checkpoint:
            helper = getattr(unwrapped(runner.model), self.name)
            helper.load_state_dict(checkpoint[self.name])
            self.resumed = True

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint[self.name] = getattr(unwrapped(runner.model), self.name).state_dict()
