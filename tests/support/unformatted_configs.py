"""Leaves configs as they are when they are written out, from its import on.

mmengine formats a stage's config a dozen times, which takes most of a tiny
run's time.
"""

import mmengine.config.config
from yapf.yapflib import yapf_api

# in mmengine 0.10.7 and in onedl-mmengine
for module in (mmengine.config.config, yapf_api):
    module.FormatCode = lambda text, **kwargs: (text, False)
