"""Sphinx: ``make docs`` writes build/docs."""

from mmseg_gist import __version__

project = 'mmseg-gist'
copyright = 'the mmseg-gist developers'
version = release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
]
html_theme = 'furo'

myst_heading_anchors = 3

autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # Google style docstrings have the types
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields of a NamedTuple would be described twice
