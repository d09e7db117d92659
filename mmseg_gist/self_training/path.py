"""Names of stages.

A stage is named by its path from the start: the label mixes of the stages up
to it. A mix is

- ``'L'``: human labels only (alpha = 1),
- ``'P'``: pseudo-labels only (alpha = 0),
- a number in between, such as ``'0.25'``: both in each batch, with that alpha,
- ``'B0.5'``: one kind per batch, human labels with that probability.
"""

import json
import re

from mmseg_gist.utils import UserError, in_unit_interval

StagePath = tuple[str, ...]
ROOT: StagePath = ()


def mix_of(alpha: float) -> str:
    """The name of the mix with an alpha in [0, 1], which is rounded to six decimals.

    Raises:
        UserError: Alpha is not a number in [0, 1].
    """
    number = f'{in_unit_interval("alpha", alpha):.6f}'.rstrip('0').rstrip('.')
    return {'0': 'P', '1': 'L'}.get(number, number)


def alpha_of(mix: str) -> float | None:
    """Alpha of a mix, None if it is chosen for every batch."""
    if mix in ('L', 'P'):
        return float(mix == 'L')
    return None if mix.startswith('B') else float(mix)


def uses_labels(mix: str) -> bool:
    return mix != 'P'


def uses_pseudo_labels(mix: str) -> bool:
    return mix != 'L'


def to_name(path: StagePath) -> str:
    """``('L', 'P', 'P')`` is ``'LPP'``, the empty path is ``'0'``.

    Mixes other than L and P are separated by ``-``: ``'L-0.25-0.25'``.
    """
    if not path:
        return '0'
    return re.sub(r'(?<=[LP])-(?=[LP])', '', '-'.join(path))


def from_name(name: str) -> StagePath:
    """The inverse of :func:`to_name`.

    Raises:
        UserError: The name is not that of a path.
    """
    if name == '0':
        return ROOT
    path = tuple(re.findall(r'[LP]|B?0\.\d{0,5}[1-9]', name))
    if not path or to_name(path) != name:
        raise UserError(
            f'{json.dumps(name)} is not a path: use the letters L and P, such as '
            'LPLLP, and numbers separated by "-", such as 0.25-0.25'
        )
    return path
