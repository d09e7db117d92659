import logging

from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import nn

from mmseg_gist.utils import UserError, unwrapped

# what AmpOptimWrapper has beside the arguments of OptimWrapper
OF_AMP = {'loss_scale', 'dtype', 'use_fsdp'}


def optim_wrapper_for(model: nn.Module, cfg: dict) -> OptimWrapper:
    """Builds an optimizer for a model that may contain helpers of training.

    The constructor gets the part that learns, the user's own segmentor: constructors
    with layer-wise decay look for its backbone and use the names of its parameters.
    Without a GPU, mixed precision is turned off.

    Args:
        model (nn.Module): Its attribute ``learner``, if any, is that part.
        cfg (dict): As in mmengine's configs.

    Raises:
        UserError: There are several optimizers without their constructor.
    """
    if not cfg.get('optimizer') and 'constructor' not in cfg:
        raise UserError(
            f'optim_wrapper has {", ".join(cfg)}, but no optimizer: add one, or name '
            'your own constructor for several in optim_wrapper.constructor'
        )
    model = unwrapped(model)
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
