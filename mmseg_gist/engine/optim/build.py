import logging

from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from mmseg_gist.utils import UserError, unwrapped

# the arguments of AmpOptimWrapper that OptimWrapper does not have
OF_AMP = {'loss_scale', 'dtype', 'use_fsdp'}


def optim_wrapper_for(model: nn.Module, cfg: dict) -> OptimWrapper:
    """Builds an optimizer for a model that may contain helpers of training.

    The constructor gets the part that learns, the user's own segmentor: constructors
    with layer-wise decay look for its backbone and use the names of its parameters.
    Without a GPU, mixed precision is turned off.

    Args:
        model (nn.Module): Its attribute ``learner``, if any, is that part. Its
            attribute ``optim_wrapper_constructor``, if any, names the constructor
            that it needs.
        cfg (dict): As in mmengine's configs.

    Raises:
        UserError: There are several optimizers without their constructor, or the
            model needs another one.
    """
    if not cfg.get('optimizer') and 'constructor' not in cfg:
        raise UserError(
            f'optim_wrapper has {", ".join(cfg)}, but no optimizer: add one, or name '
            'your own constructor for several in optim_wrapper.constructor'
        )
    model = unwrapped(model)
    check_constructor(model, cfg.get('constructor'))
    kind = cfg.get('type')
    if str(kind).endswith('AmpOptimWrapper') and get_device() == 'cpu':
        print_log(
            'AmpOptimWrapper needs a GPU: training in full precision instead',
            'current',
            logging.WARNING,
        )
        cfg = {key: cfg[key] for key in cfg if key not in OF_AMP}
        cfg['type'] = 'OptimWrapper'
    return build_optim_wrapper(getattr(model, 'learner', model), cfg)


def check_constructor(model: nn.Module, given: str | type | None) -> None:
    """Checks that the constructor is the one the model needs, or derived from it."""
    needed = getattr(model, 'optim_wrapper_constructor', None)
    if needed is None:
        return
    kind = OPTIM_WRAPPER_CONSTRUCTORS.get(given) if isinstance(given, str) else given
    needed_kind = OPTIM_WRAPPER_CONSTRUCTORS.get(needed)
    if not (isinstance(kind, type) and issubclass(kind, needed_kind)):
        raise UserError(
            f'optim_wrapper.constructor = {given!r}, but {type(model).__name__} needs '
            f'{needed!r}: set it, and name a constructor of your own in '
            'optim_wrapper.segmentor.constructor'
        )
