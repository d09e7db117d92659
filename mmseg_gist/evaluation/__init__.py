from .class_iou_metric import ClassIoUMetric
from .image_areas import ImageAreas
from .pseudo_label_writer import PseudoLabelWriter

__all__ = ['ClassIoUMetric', 'ImageAreas', 'PseudoLabelWriter']
