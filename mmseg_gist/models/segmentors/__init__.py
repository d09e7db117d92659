from .self_training_segmentor import SelfTrainingSegmentor
from .semi_segmentor import SemiSegmentor

__all__ = ['SelfTrainingSegmentor', 'SemiSegmentor']
