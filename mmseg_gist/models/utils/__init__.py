from .complementary_dropout import complementary_dropout
from .depthwise_conv import DepthwiseConv2d
from .masks import BoxMask, ClassMask, CutMask, build_mask, mix_with_next
from .strong_augmentation import StrongAugmentation

__all__ = [
    'BoxMask',
    'ClassMask',
    'CutMask',
    'DepthwiseConv2d',
    'StrongAugmentation',
    'build_mask',
    'complementary_dropout',
    'mix_with_next',
]
