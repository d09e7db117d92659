"""Which stage is kept. Only the development set decides."""

from mmseg_gist.self_training.path import ROOT, Path, to_name
from mmseg_gist.self_training.policies import Scores


def best_stage(scores: Scores) -> Path:
    """The stage that a run with these stages gives.

    Args:
        scores: Development mIoU by path, None where a stage failed.

    Returns:
        Path: Of the best; of equal ones that with the fewest trainings behind
        it, then the first by name, as in the record.
    """
    finished = [path for path, score in scores.items() if score is not None]

    def rank(path: Path) -> tuple:
        return -scores[path], len(path), to_name(path)

    return min(finished, key=rank, default=ROOT)


def best_by_depth(scores: Scores) -> dict[int, Path]:
    """The best on the development set among the stages of each depth.

    Returns:
        dict: From depth, 0 first, to path; without depths where all failed.
    """
    levels = {}
    for path, score in scores.items():
        if score is not None:
            levels.setdefault(len(path), {})[path] = score
    return {depth: best_stage(levels[depth]) for depth in sorted(levels)}
