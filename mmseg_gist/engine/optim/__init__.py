from .joint_optim_wrapper import JointOptimWrapper, S4GANOptimWrapperConstructor

__all__ = ['JointOptimWrapper', 'S4GANOptimWrapperConstructor']
