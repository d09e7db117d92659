from .draws import DrawDataset, DrawSampler
from .pseudo_label import PseudoLabelDataset
from .transforms import LabelErase, TemperatureScaling
from .voc_animals import VOCAnimalsDataset

__all__ = [
    'DrawDataset',
    'DrawSampler',
    'LabelErase',
    'PseudoLabelDataset',
    'TemperatureScaling',
    'VOCAnimalsDataset',
]
