"""The stages of a record as a tree, and as what a policy has seen of it so far."""

from collections.abc import Iterable

from mmseg_gist.self_training.path import ROOT, Path, uses_pseudo_labels
from mmseg_gist.self_training.policies import Scores


def so_far(policy, scores: Scores) -> dict[Path, float | None]:
    """The policy's stages among those that are recorded.

    Like :func:`mmseg_gist.self_training.replay.replay`, but of a run that may
    still be going on.
    """
    visited = {}
    following = [ROOT]
    while new := [p for p in following if p in scores and p not in visited]:
        visited |= {path: scores[path] for path in new}
        following = policy(visited)
    return visited


def leaves(paths: Iterable[Path]) -> list[Path]:
    """The paths that no other one goes on from, neighbours side by side."""
    paths = set(paths)
    inner = {path[:-1] for path in paths if path}
    return sorted(paths - inner)


def labeled_by(paths: Iterable[Path]) -> list[Path]:
    """The stages whose models made pseudo-labels, from the root on."""
    models = {path[:-1] for path in paths if path and uses_pseudo_labels(path[-1])}
    return sorted(models, key=lambda path: (len(path), path))
