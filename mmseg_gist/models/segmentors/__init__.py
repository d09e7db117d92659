from .class_mix import ClassMix
from .s4gan import S4GAN
from .self_training_segmentor import SelfTrainingSegmentor
from .semi_segmentor import SemiSegmentor
from .tta_model import LogitsTTAModel

__all__ = [
    'ClassMix',
    'LogitsTTAModel',
    'S4GAN',
    'SelfTrainingSegmentor',
    'SemiSegmentor',
]
