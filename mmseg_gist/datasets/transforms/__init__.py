from .label_erase import ConfidencePath, LabelErase
from .temperature_scaling import TemperatureScaling, softened

__all__ = ['ConfidencePath', 'LabelErase', 'TemperatureScaling', 'softened']
