"""Means and their spread over seeds, random paths, and groups of paths."""

from collections.abc import Sequence
from itertools import groupby
from math import comb, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from mmseg_gist.self_training.path import StagePath


class Spread(NamedTuple):
    """A mean and a standard deviation, None where there is none.

    Attributes:
        mean (float): In the unit of the values.
        std (float, optional): In the same unit.
        count (int): Number of values.
    """

    mean: float
    std: float | None
    count: int

    def __str__(self) -> str:
        mean = f'{self.mean:.2f}'
        return mean if self.std is None else f'{mean} ± {self.std:.2f}'


def spread_of(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation (n - 1) of at least one value."""
    std = stdev(values) if len(values) > 1 else None
    return Spread(fmean(values), std, len(values))


def best_of_groups(results: Sequence[tuple[float, float]], size: int) -> Spread:
    """Test mIoU of a group's path that is best on the development set (Fig. 7).

    The mean is over all groups of ``size`` of the N paths, with equal weights. If the
    paths are sorted from best to worst on the development set, the path of rank r (0 to
    N - 1) is the best of C(N - 1 - r, size - 1) of the C(N, size) groups.

    Args:
        results: (development mIoU, test mIoU) of each path; among equal ones on the
            development set, the first is kept.
        size: Paths in a group, 1 to N.

    Returns:
        Spread: Over all groups, so the deviation is the population's; the
        count is the number of groups.
    """
    ranked = sorted(results, key=lambda result: -result[0])
    groups = comb(len(ranked), size)
    weights = [comb(len(ranked) - 1 - r, size - 1) / groups for r in range(len(ranked))]
    tests = [test for _, test in ranked]
    mean = sum(weight * test for weight, test in zip(weights, tests))
    variance = sum(w * (test - mean) ** 2 for w, test in zip(weights, tests))
    return Spread(mean, sqrt(variance), groups)


def best_of_consecutive_groups(
    results: Sequence[tuple[float, float]], size: int
) -> Spread:
    """The same for the first ``size`` paths, the next ... (Table II's last line).

    Paths that do not fill a group are left out. The deviation is the sample's.
    """
    starts = range(0, len(results) - size + 1, size)
    best = [max(results[i : i + size], key=lambda result: result[0]) for i in starts]
    return spread_of([test for _, test in best])


def is_degenerate(path: StagePath) -> bool:
    """Whether the path has more than four equal letters in a row (Table II)."""
    return any(len(list(run)) > 4 for _, run in groupby(path))
