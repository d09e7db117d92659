from .masks import ClassMask, CutMask, mix
from .strong_augmentation import StrongAugmentation

__all__ = ['ClassMask', 'CutMask', 'StrongAugmentation', 'mix']
