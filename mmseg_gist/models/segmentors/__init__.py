from .class_mix import ClassMix
from .s4gan import S4GAN
from .self_training_segmentor import SelfTrainingSegmentor
from .semi_segmentor import SemiSegmentor
from .teacher_segmentor import TeacherSegmentor
from .tta_model import LogitsTTAModel
from .uni_match_v2 import UniMatchV2

__all__ = [
    'ClassMix',
    'LogitsTTAModel',
    'S4GAN',
    'SelfTrainingSegmentor',
    'SemiSegmentor',
    'TeacherSegmentor',
    'UniMatchV2',
]
