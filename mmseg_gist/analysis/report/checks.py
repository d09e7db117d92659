"""What a person should be told about pseudo-labels without looking for it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mmseg_gist.self_training.bloat_guard import LEAST_KEPT, BloatGuard


class Labels(NamedTuple):
    """Pseudo-labels by a stage's model.

    Attributes:
        shares (Sequence[float]): Percent of each class, before label erase.
        swallowed (float): Percent of the pixels that classes hold beyond sound
            labels, see :func:`mmseg_gist.self_training.bloat_guard.swallowed`.
        kept (float): Percent of the pixels that label erase leaves.
    """

    shares: Sequence[float]
    swallowed: float
    kept: float


def warnings(
    classes: Sequence[str],
    human: Sequence[float],
    models: Mapping[str, Labels],
    guard: BloatGuard,
) -> list[str]:
    """Lines about models whose labels have gone wrong.

    Args:
        classes: Their names.
        human: Percent of each class in the human labels.
        models: By the stage's name.
        guard: Knows when labels are bloated.
    """
    lines = []
    for name, labels in models.items():
        if guard.is_bloated(labels.swallowed):
            gains = [after - before for before, after in zip(human, labels.shares)]
            worst = max(range(len(gains)), key=gains.__getitem__)
            lines.append(
                f'Pseudo-label bloat: {classes[worst]} swallows other classes in the '
                f'labels by stage {name}. It has {labels.shares[worst]:.1f} % of the '
                f'pixels, {human[worst]:.1f} % in the human labels; all classes '
                f'together have swallowed {labels.swallowed:.1f} % of the pixels.'
            )
        if labels.kept < LEAST_KEPT:
            lines.append(
                f'Nearly nothing is kept of the labels by stage {name}: '
                f'{labels.kept:.1f} % of the pixels. Lower the threshold of '
                'LabelErase, or raise T of TemperatureScaling.'
            )
    return lines
