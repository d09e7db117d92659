"""mIoU of any part of a set, from the areas of its images (Table III)."""

import json
import random

import numpy as np

from mmseg_gist.self_training.path import StagePath, from_name
from mmseg_gist.utils import UserError

from .runs import Run


def read_areas(run: Run) -> dict[StagePath, np.ndarray]:
    """Reads the file that tools/analysis/dev_areas.py has written beside the record.

    Returns:
        dict: For each finished stage, (N, C, 3) int64: pixels of intersection, union
        and label of each image and class, with the images in the same order.

    Raises:
        UserError: The file is missing, or lacks a stage.
    """
    file = run.file.parent / 'dev_areas.json'
    if not file.exists():
        raise UserError(f'{file} does not exist; run tools/analysis/dev_areas.py')
    stages = json.loads(file.read_text())['stages']
    finished = [path for path, score in run.dev.items() if score is not None]
    there = {from_name(name): areas for name, areas in stages.items()}
    if not set(finished) <= there.keys():
        raise UserError(f'{file} lacks stages; run tools/analysis/dev_areas.py again')
    images = sorted(there[finished[0]])
    return {
        path: np.array([there[path][image] for image in images], np.int64)
        for path in finished
    }


def mean_iou(areas: np.ndarray) -> float:
    """mIoU as the development set's :class:`ClassIoUMetric` gives it.

    Args:
        areas: (N, C, 3) int, pixels of intersection, union and label of each
            image and class.

    Returns:
        float: In percent, to two decimals. Classes that occur in no label are left out.
    """
    intersection, union, labeled = areas.sum(0).T
    there = labeled > 0
    return round(float(100 * np.mean(intersection[there] / union[there])), 2)


def draw_subsets(size: int, count: int, draws: int, seed: int) -> list[list[int]]:
    """The images of each smaller set.

    Args:
        size: Images of a subset, at most ``count``.
        count: Number of all images.
        draws: Number of subsets; if a subset has all images, there is only one.
        seed: Seed of the draws.

    Returns:
        Ascending indices of each subset.
    """
    if size == count:
        return [list(range(count))]
    generator = random.Random(f'{seed}/{size}')
    return [sorted(generator.sample(range(count), size)) for _ in range(draws)]
