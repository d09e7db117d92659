from .draws import DrawDataset, DrawSampler
from .pseudo_label import PseudoLabelDataset
from .transforms import LabelErase, TemperatureScaling

__all__ = [
    'DrawDataset',
    'DrawSampler',
    'LabelErase',
    'PseudoLabelDataset',
    'TemperatureScaling',
]
