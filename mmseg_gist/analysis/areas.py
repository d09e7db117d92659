"""mIoU of any part of a set, from the areas of its images (Table III)."""

import random

import numpy as np


def mean_iou(areas: np.ndarray) -> float:
    """mIoU as the development set's :class:`ClassIoUMetric` gives it.

    Args:
        areas: (N, C, 3) int, pixels of intersection, union and label of each
            image and class.

    Returns:
        float: In percent, to two decimals. Classes that no label has are left
        out.
    """
    intersection, union, labeled = areas.sum(0).T
    there = labeled > 0
    return round(float(100 * np.mean(intersection[there] / union[there])), 2)


def draw_subsets(size: int, count: int, draws: int, seed: int) -> list[list[int]]:
    """Which images each smaller set has.

    Args:
        size: Images of a subset, at most ``count``.
        count: Images there are.
        draws: Number of subsets; of all images there is one only.
        seed: Of the draws.

    Returns:
        Ascending indices of each subset.
    """
    if size == count:
        return [list(range(count))]
    generator = random.Random(f'{seed}/{size}')
    return [sorted(generator.sample(range(count), size)) for _ in range(draws)]
