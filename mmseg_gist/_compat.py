"""What must hold before anything else of this package is imported.

Two families of packages supply ``mmseg``, ``mmengine`` and ``mmcv`` under the
same import names, so neither can be an unconditional requirement. Importing this module
without one of them ends in a line that says what to run. In addition, ``torch.load``
must accept what mmengine itself writes into checkpoints, and lists of ids may come from
Windows editors.
"""

import contextlib
import io
import pickle
import warnings

try:
    import mmcv  # noqa: F401
    import mmengine  # noqa: F401
    import mmseg  # noqa: F401
    import torch
except ModuleNotFoundError as error:
    raise ImportError(
        f'mmseg_gist finds no module named {error.name!r}: run '
        "`pip install torch==2.13.0` and then `pip install -e '.[onedl]'` "
        "in the project's folder"
    ) from None

import numpy as np
from mmengine.fileio import list_from_file
from mmengine.logging import HistoryBuffer


def _statistic(owner, name: str):
    """The only ``getattr`` that a checkpoint may ask for.

    mmengine pickles ``HistoryBuffer.mean`` and its like as
    ``getattr(HistoryBuffer, 'mean')``. The builtin itself, marked as safe,
    would give a file the attributes of everything else too.

    Raises:
        pickle.UnpicklingError: If ``owner`` is not ``HistoryBuffer``.
    """
    if owner is not HistoryBuffer:
        raise pickle.UnpicklingError(
            f'a checkpoint asks for attribute {name!r} of {owner!r}'
        )
    return getattr(owner, name)


def allow_mmengine_checkpoints() -> None:
    """Let ``torch.load`` read mmengine's checkpoints with ``weights_only``.

    That is the default since torch 2.6, and it refuses the message hub that
    mmengine saves (its log: ``HistoryBuffer`` objects of numpy arrays, numpy
    scalars of any numeric type) unless these classes are known as safe.
    """
    numeric = np.typecodes['AllInteger'] + np.typecodes['Float'] + '?'
    safe = [
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        np._core.multiarray._reconstruct,
        np._core.multiarray.scalar,
        *{type(np.dtype(code)) for code in numeric},
    ]
    # Each with its name: mmengine 0.10.12 marks some of them too while it
    # loads, without a name, and takes those marks away when it has loaded.
    torch.serialization.add_safe_globals(
        [(item, f'{item.__module__}.{item.__qualname__}') for item in safe]
        + [(_statistic, 'builtins.getattr')]
    )


def skip_byte_order_marks() -> None:
    """Let lists begin with a byte order mark, which would join their first id."""
    list_from_file.__defaults__ = tuple(
        'utf-8-sig' if value == 'utf-8' else value
        for value in list_from_file.__defaults__
    )


def import_quietly() -> None:
    """Import the parts of mmseg that report missing optional packages, silently.

    Nothing here needs those packages.
    """
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.filterwarnings('ignore', 'Fail to import ``MultiScaleDeform')
            import mmseg.datasets
            import mmseg.models  # noqa: F401
    finally:
        for line in printed.getvalue().splitlines():
            if line != 'Could not import OneDL':
                print(line)


import_quietly()
allow_mmengine_checkpoints()
skip_byte_order_marks()
