from .image_areas import ImageAreas
from .pseudo_label_writer import PseudoLabelWriter

__all__ = ['ImageAreas', 'PseudoLabelWriter']
