from .conv_norm import conv_norm
from .depthwise_conv import DepthwiseConv2d
from .masks import BoxMask, ClassMask, CutMask, mix
from .strong_augmentation import StrongAugmentation

__all__ = [
    'BoxMask',
    'ClassMask',
    'CutMask',
    'DepthwiseConv2d',
    'StrongAugmentation',
    'conv_norm',
    'mix',
]
