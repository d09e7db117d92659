"""How noisy a choice on a small development set is, by bootstrap over its images."""

from collections.abc import Mapping

import numpy as np

from mmseg_gist.self_training.path import StagePath, to_name
from mmseg_gist.self_training.record import best_stage

from .areas import mean_iou


def resample(areas: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """mIoU on other development sets that might have been drawn.

    Each has as many images as the real set, drawn from it with replacement, and the
    same ones for all stages. Classes that occur in no label of a draw are left out of
    its mean.

    Args:
        areas: (S, N, C, 3) int, pixels of intersection, union and label of each stage,
            image and class.
        draws: Number of sets.
        seed: Seed of the draws.

    Returns:
        ndarray: (draws, S) float, percent.
    """
    count = areas.shape[1]
    times = np.random.default_rng(seed).multinomial(count, [1 / count] * count, draws)
    sums = np.tensordot(times.astype(float), areas, axes=(1, 1))
    intersection, union, labeled = np.moveaxis(sums, -1, 0)
    there = labeled > 0
    return 100 * (intersection / np.where(there, union, 1)).mean(-1, where=there)


def last_within_one_error(
    scores: Mapping[StagePath, float], errors: Mapping[StagePath, float]
) -> StagePath:
    """The one-standard-error rule for stages.

    Args:
        scores: Development mIoU of the stages.
        errors: Standard error of each one's difference to the best stage.

    Returns:
        StagePath: The deepest stage that is below the best by at most its error. Among
        several it is the one with the highest score, then the first by name.
    """
    best = max(scores.values())
    near = [path for path in scores if best - scores[path] <= errors[path]]
    return min(near, key=lambda path: (-len(path), -scores[path], to_name(path)))


class Noise:
    """Stages that are compared on a development set, with their standard errors.

    Args:
        areas: (N, C, 3) of each stage, see :func:`resample`.
        draws, seed: See :func:`resample`.

    Attributes:
        scores (dict): Development mIoU by path, in percent.
        own (dict): Its standard error, by path.
        to_best (dict): The standard error of the difference between the stage and the
            best.
        best (StagePath): The result of a run, the stage with the highest score.
        last (StagePath): See :func:`last_within_one_error`.
    """

    def __init__(
        self, areas: Mapping[StagePath, np.ndarray], draws: int, seed: int
    ) -> None:
        self.scores = {path: mean_iou(each) for path, each in areas.items()}
        self.best = best_stage(self.scores)
        drawn = resample(np.stack([*areas.values()]), draws, seed)
        differences = drawn - drawn[:, [[*areas].index(self.best)]]
        self.own = dict(zip(areas, drawn.std(0, ddof=1).tolist()))
        self.to_best = dict(zip(areas, differences.std(0, ddof=1).tolist()))
        self.last = last_within_one_error(self.scores, self.to_best)
