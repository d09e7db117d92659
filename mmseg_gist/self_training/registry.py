from mmengine.registry import Registry

from mmseg_gist.utils import UserError

# The scope of the configs, so that mmengine looks nowhere else.
POLICIES = Registry(
    'policy', scope='mmseg', locations=['mmseg_gist.self_training.policies']
)
EXECUTORS = Registry(
    'executor', scope='mmseg', locations=['mmseg_gist.self_training.executors']
)


def build(registry: Registry, cfg: dict):
    """Builds what a user asks for in ``train_cfg``.

    Raises:
        UserError: There is no such type, or its arguments are wrong.
    """
    try:
        return registry.build(cfg)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = ' '.join(str(error.args[0]).split())
        raise UserError(f'train_cfg.{registry.name}: {reason}') from error
