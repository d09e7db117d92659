from .label_erase import LabelErase
from .temperature_scaling import TemperatureScaling

__all__ = ['LabelErase', 'TemperatureScaling']
