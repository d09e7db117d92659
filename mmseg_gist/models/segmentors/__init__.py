from .class_mix import ClassMix
from .s4gan import S4GAN
from .self_training_segmentor import SelfTrainingSegmentor
from .semi_segmentor import SemiSegmentor

__all__ = ['ClassMix', 'S4GAN', 'SelfTrainingSegmentor', 'SemiSegmentor']
