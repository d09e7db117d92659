"""Label erase in the stages of a self-training."""

import numpy as np
from mmseg.registry import TRANSFORMS

from mmseg_gist.datasets.confidence import class_thresholds
from mmseg_gist.datasets.labels import loads, step_name

from .stage import at_depth


def erasing(pipeline: list[dict], erase: dict) -> list[dict]:
    """The pipeline with this label erase after the step that loads labels."""
    steps = [step for step in pipeline if step_name(step) != 'LabelErase']
    last = max(i for i, step in enumerate(steps) if loads(step, 'Annotations'))
    return [*steps[: last + 1], erase, *steps[last + 1 :]]


def by_regions(erase: dict | None) -> bool:
    """Whether a label erase takes the mean confidence of regions."""
    return bool(erase and erase.get('regions'))


def with_thresholds(erase: dict | None, counts: np.ndarray, depth: int) -> dict | None:
    """A label erase whose ``keep`` has become a threshold for each class.

    Args:
        erase (dict, optional): Its config. For a list of shares see
            :func:`mmseg_gist.self_training.stage.at_depth`.
        counts (np.ndarray): See :mod:`mmseg_gist.datasets.confidence`.
        depth (int): Depth of the stage, 1 for a child of stage 0.
    """
    if not erase or erase.get('keep') is None:
        return erase
    thresholds = class_thresholds(counts, at_depth(erase['keep'], depth))
    return dict(erase, keep=None, threshold=thresholds)


def erase_limits(erase: dict | None) -> np.ndarray:
    """The least confidence x 255 that a label erase keeps, float (256, ), by label.

    Args:
        erase (dict, optional): Its config, of :func:`with_thresholds`.
    """
    return TRANSFORMS.build(erase).limits() if erase else np.zeros(256)
