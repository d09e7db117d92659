"""The stages of a record as a tree."""

from collections.abc import Iterable

from mmseg_gist.self_training.path import StagePath, uses_pseudo_labels


def path_ends(paths: Iterable[StagePath]) -> list[StagePath]:
    """The paths that no other path extends, with neighbors side by side."""
    paths = set(paths)
    inner = {path[:-1] for path in paths if path}
    return sorted(paths - inner)


def labeled_by(paths: Iterable[StagePath]) -> list[StagePath]:
    """The stages whose models made pseudo-labels, from the root on."""
    models = {path[:-1] for path in paths if path and uses_pseudo_labels(path[-1])}
    return sorted(models, key=lambda path: (len(path), path))
