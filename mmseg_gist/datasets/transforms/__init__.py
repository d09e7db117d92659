from .label_erase import LabelErase
from .temperature_scaling import TemperatureScaling, softened

__all__ = ['LabelErase', 'TemperatureScaling', 'softened']
