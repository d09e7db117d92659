"""Pseudo-label bloat in finished runs: how the shares of the classes change.

What the guard says of it is in the record. ``label_shares.json`` beside it, which
``tools/analysis/label_shares.py`` makes of the labels that are still there, has the
pixels of each class in the labels of the same images, by stage (Fig. 2).
"""

from collections.abc import Mapping, Sequence

from mmseg_gist.datasets.labels import Shares, shares
from mmseg_gist.self_training.bloat_guard import swallowed
from mmseg_gist.self_training.path import (
    Path,
    from_name,
    to_name,
    uses_pseudo_labels,
)
from mmseg_gist.self_training.record import Record
from mmseg_gist.utils import UserError

from .runs import read_counts

FILE = 'label_shares.json'


def counted_shares(
    record: Record, path: Path
) -> tuple[list[str], Shares, dict[Path, Shares]]:
    """What ``label_shares.json`` tells of a path.

    Args:
        record: Of a run.
        path: Of the last stage.

    Returns:
        tuple: The names of the classes, their shares in the human labels, and in
        the labels by the model of each stage that made some.

    Raises:
        UserError: It tells nothing of it.
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
        number: Of classes.

    Returns:
        Their indices, the largest change first.
    """
    changes = [abs(last - first) for first, last in zip(stages[0], stages[-1])]
    return sorted(range(len(changes)), key=lambda i: -changes[i])[:number]


def swallowed_by_stage(record: Record, path: Path) -> dict[int, float]:
    """What classes have swallowed in the labels that each stage trained on.

    It is in the record, or else follows from :func:`counted_shares`.

    Args:
        record: Of a run.
        path: Of the last stage.

    Returns:
        dict: Percent, see :func:`swallowed`, by the depth of those stages of the
        path that used pseudo-labels.

    Raises:
        UserError: Neither of the files tells.
    """
    rows = {from_name(row['path']): row for row in record.stages}
    depths = [k + 1 for k, mix in enumerate(path) if uses_pseudo_labels(mix)]
    recorded = [rows.get(path[:depth], {}).get('swallowed') for depth in depths]
    if None not in recorded:
        return dict(zip(depths, recorded))
    _, human, models = counted_shares(record, path)
    by_depth = {k: models[path[: k - 1]] for k in depths if path[: k - 1] in models}
    first = next(iter(by_depth.values()), None)
    return {
        depth: round(swallowed(fresh, human, first), 2)
        for depth, fresh in by_depth.items()
    }


def warned_at(beyond: Mapping[int, float], threshold: float) -> int | None:
    """The first stage before which the guard warns, None if it is silent."""
    return next((depth for depth, value in beyond.items() if value > threshold), None)


def falls_at(scores: Mapping[int, float], margin: float) -> int | None:
    """The stage from which on a path stays worse than it was.

    Args:
        scores: mIoU in percent, by depth from 0.
        margin: Points that count as a fall.

    Returns:
        int: The first stage from which on all are more than ``margin`` below
        the best one before them; None if the last is not.
    """
    depths = sorted(scores)
    fall = None
    for depth in reversed(depths[1:]):
        best = max(scores[before] for before in depths if before < depth)
        if scores[depth] >= best - margin:
            return fall
        fall = depth
    return fall
