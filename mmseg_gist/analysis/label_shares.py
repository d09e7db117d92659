"""How the shares of the classes in pseudo-labels change from stage to stage (Fig. 2).

``tools/analysis/label_shares.py`` makes ``label_shares.json``, beside the record, from
the labels that still exist. It has the pixels of each class in the labels of the same
images, by stage.
"""

from collections.abc import Sequence

from mmseg_gist.datasets.labels import Shares, shares
from mmseg_gist.self_training.path import StagePath, from_name, to_name
from mmseg_gist.self_training.record import Record
from mmseg_gist.utils import UserError

from .runs import read_counts

FILE = 'label_shares.json'


def counted_shares(
    record: Record, path: StagePath
) -> tuple[list[str], Shares, dict[StagePath, Shares]]:
    """The shares of a path in ``label_shares.json``.

    Args:
        record: Record of a run.
        path: Path of the last stage.

    Returns:
        tuple: The names of the classes, their shares in the human labels, and in
        the labels by the model of each stage that made some.

    Raises:
        UserError: The file lacks the path.
    """
    file = record.file.parent / FILE
    content = read_counts(file, 'paths')
    if to_name(path) not in content['paths']:
        raise UserError(
            f'{file} has no path {to_name(path)}; run tools/analysis/label_shares.py '
            f'{file.parent} {to_name(path)}'
        )
    stages = content['paths'][to_name(path)]['stages']
    models = {from_name(name): shares(stages[name]) for name in stages}
    return content['classes'], shares(content['labeled']), models


def largest_changes(stages: Sequence[Shares], number: int) -> list[int]:
    """The classes whose share changes most from the first to the last stage.

    Args:
        stages: Shares of each stage.
        number: Number of classes.

    Returns:
        Their indices, the largest change first.
    """
    changes = [abs(last - first) for first, last in zip(stages[0], stages[-1])]
    return sorted(range(len(changes)), key=lambda i: -changes[i])[:number]
