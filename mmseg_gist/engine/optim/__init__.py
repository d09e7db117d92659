from .build import optim_wrapper_for
from .joint_optim_wrapper import JointOptimWrapper, S4GANOptimWrapperConstructor

__all__ = [
    'JointOptimWrapper',
    'S4GANOptimWrapperConstructor',
    'optim_wrapper_for',
]
