"""When the bloat guard warns of a path, and when its mIoU falls."""

import json
from collections.abc import Mapping

from mmseg_gist.self_training.bloat_guard import shares, swallowed
from mmseg_gist.self_training.path import Path, from_name, to_name
from mmseg_gist.self_training.record import Record
from mmseg_gist.utils import UserError


def swallowed_by_stage(record: Record, path: Path) -> dict[int, float]:
    """What classes have swallowed in the labels that each stage trained on.

    It is in the record, or else follows from label_shares.json beside it, which
    ``tools/analysis/label_shares.py`` makes of the labels that are still there.

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
    depths = [k for k in range(1, len(path) + 1) if path[k - 1] != 'L']
    recorded = [rows.get(path[:depth], {}).get('swallowed') for depth in depths]
    if None not in recorded:
        return dict(zip(depths, recorded))
    file = record.file.parent / 'label_shares.json'
    content = json.loads(file.read_text()) if file.exists() else dict(paths={})
    if to_name(path) not in content['paths']:
        raise UserError(
            f'{record.file} does not tell of bloat along {to_name(path)}; run '
            f'tools/analysis/label_shares.py {file.parent} {to_name(path)}'
        )
    classes = len(content['classes'])
    human = shares(content['labeled'], classes)
    stages = content['paths'][to_name(path)]['stages']
    by_depth = {
        depth: shares(stages[to_name(path[: depth - 1])], classes)
        for depth in depths
        if to_name(path[: depth - 1]) in stages
    }
    first = next(iter(by_depth.values()))
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
