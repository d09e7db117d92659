"""What a search costs, in trainings and in images to be labeled by a model."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mmseg_gist.self_training.path import StagePath, from_name, uses_pseudo_labels
from mmseg_gist.self_training.stage import THIRDS


class Cost(NamedTuple):
    """The cost of the stages after stage 0, which all policies share.

    Attributes:
        stages (int): Stages trained.
        iterations (int): Iterations of all of them.
        labeled (int, optional): Images for which a model made pseudo-labels;
            None if the record does not say.
    """

    stages: int
    iterations: int
    labeled: int | None


def cost(rows: Iterable[dict]) -> Cost:
    """The cost of the stages of a record.

    A model labels an image once, however many of its children draw it, so together they
    need at most all unlabeled images. The count is exact if each parent has one child
    on pseudo-labels, as in all of the paper's policies, or if its children draw all
    images. Otherwise it is an upper bound. If a child draws by reliability, its
    parent's models at thirds also label all images.

    Args:
        rows: Rows of the record; stage 0 is not counted.
    """
    rows = [(from_name(row['path']), row) for row in rows]
    rows = [(path, row) for path, row in rows if path]
    needed = Counter()
    for path, row in rows:
        if uses_pseudo_labels(path[-1]):
            needed[path[:-1]] += row.get('pseudo_labels', {}).get('drawn', 0)
    ranked = {path[:-1] for path, row in rows if 'reliability' in row}
    size = unlabeled_images(row for _, row in rows)
    known = all(
        'pseudo_labels' in row for path, row in rows if uses_pseudo_labels(path[-1])
    )
    return Cost(
        stages=len(rows),
        iterations=sum(row['iters'] for _, row in rows),
        labeled=sum(
            (1 + len(THIRDS)) * size if parent in ranked else min(drawn, size)
            for parent, drawn in needed.items()
        )
        if known
        else None,
    )


def unlabeled_images(rows: Iterable[dict]) -> int | None:
    """The number of unlabeled images, None if no row has it."""
    told = (row['pseudo_labels'] for row in rows if 'pseudo_labels' in row)
    return next((labels['unlabeled'] for labels in told), None)


def literal_trainings(
    visited: Sequence[StagePath], paths: Iterable[StagePath] | None
) -> int:
    """The number of trainings if every path were trained separately (Algorithms 1 and
    2).

    Taken literally, each training also labels all unlabeled images: even for stages on
    human labels, and again for each child of the same parent.

    Args:
        visited: The policy's stages, see
            :func:`mmseg_gist.self_training.replay.replay`.
        paths: The paths of a policy that follows given paths; None for a search, which
            trains no stage twice.
    """
    visited = set(visited) - {()}
    if paths is None:
        return len(visited)
    return sum(
        path[:depth] in visited for path in paths for depth in range(1, len(path) + 1)
    )
