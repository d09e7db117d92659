from mmengine.registry import Registry

from mmseg_gist.utils import UserError

# The scope of the configs, so that mmengine looks nowhere else.
POLICIES = Registry(
    'policy', scope='mmseg', locations=['mmseg_gist.self_training.policies']
)
EXECUTORS = Registry(
    'executor', scope='mmseg', locations=['mmseg_gist.self_training.executors']
)


def build(registry: Registry, cfg: dict, name: str):
    """Builds what a user asks for.

    Args:
        registry: The registry of its type.
        cfg (dict): The config.
        name: Name of the setting.

    Raises:
        UserError: There is no such type, or its arguments are wrong.
    """
    try:
        return registry.build(cfg)
    except UserError:
        raise
    except Exception as error:  # mmengine's and the constructor's are of many types
        reason = str(error.args[0] if error.args else error)
        raise UserError(f'{name}: {" ".join(reason.split())}') from error
