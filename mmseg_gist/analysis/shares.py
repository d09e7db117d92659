"""Shares of the classes in labels: how pseudo-label bloat is seen (Fig. 2)."""

from collections.abc import Sequence


def shares(pixels: Sequence[int]) -> list[float]:
    """Percent of each class.

    Args:
        pixels: Of each class, without ignored ones; not all 0.
    """
    total = sum(pixels)
    return [100 * count / total for count in pixels]


def largest_changes(stages: Sequence[Sequence[float]], number: int) -> list[int]:
    """The classes whose share changes most from the first to the last stage.

    Args:
        stages: Shares of each stage, see :func:`shares`.
        number: Of classes.

    Returns:
        Their indices, the largest change first.
    """
    changes = [abs(last - first) for first, last in zip(stages[0], stages[-1])]
    return sorted(range(len(changes)), key=lambda i: -changes[i])[:number]
