"""Which stage of each depth is the best. Only the development set decides."""

from mmseg_gist.self_training.path import StagePath
from mmseg_gist.self_training.policies import Scores
from mmseg_gist.self_training.record import best_stage


def best_by_depth(scores: Scores) -> dict[int, StagePath]:
    """The best on the development set among the stages of each depth.

    Args:
        scores: Development mIoU by path, None where a stage failed.

    Returns:
        dict: From depth, 0 first, to path; without depths where all failed.
    """
    levels = {}
    for path, score in scores.items():
        if score is not None:
            levels.setdefault(len(path), {})[path] = score
    return {depth: best_stage(levels[depth]) for depth in sorted(levels)}
