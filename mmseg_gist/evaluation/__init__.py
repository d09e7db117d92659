from .pseudo_label_writer import PseudoLabelWriter

__all__ = ['PseudoLabelWriter']
