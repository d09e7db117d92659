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


def find_in_any_module(app, env, node, contnode):
    """Docstrings name what other modules of the package have without the module."""
    if node.get('refdomain') == 'py' and '.' not in node['reftarget']:
        node['refspecific'] = True  # that is, also as the end of a longer name
        return env.domains['py'].resolve_xref(
            env, node['refdoc'], app.builder, node['reftype'], node['reftarget'],
            node, contnode,
        )  # fmt: skip


def setup(app):
    app.connect('missing-reference', find_in_any_module)
