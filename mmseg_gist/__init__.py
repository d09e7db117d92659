"""Iterative self-training (GIST, RIST) for any MMSegmentation model.

Importing this package registers everything it adds in mmseg's registries, so
a config needs ``custom_imports = dict(imports=['mmseg_gist'])`` and nothing
else.
"""

from . import _compat  # noqa: F401, I001  (its check of mmseg comes first)
from . import (  # noqa: F401
    analysis,
    datasets,
    engine,
    evaluation,
    models,
    self_training,
)
from .version import __version__

__all__ = ['__version__']
