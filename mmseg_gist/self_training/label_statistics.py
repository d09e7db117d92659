"""How common each class is in the labels of a stage, and what label erase keeps.

Pseudo-labels spoil a training if they have lost a class or if label erase keeps almost
nothing of them. Their statistics show both without any ground truth.
"""

import logging
from collections.abc import Callable, Sequence

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from prettytable import PrettyTable

from mmseg_gist.datasets.confidence import histogram, kept_shares
from mmseg_gist.datasets.labels import Shares, count_human_labels, shares

from .label_erase import by_regions, erase_limits, with_thresholds
from .stage import Stage

LEAST_KEPT = 10  # percent of the pixels; a stage that keeps less gets a warning


def human_statistics(stage: Stage) -> dict[str, Shares]:
    """``class_shares`` of the human labels, see :func:`pseudo_statistics`."""
    return from_main(lambda: dict(class_shares=human_shares(stage)))


def pseudo_statistics(stage: Stage, files: Sequence[str]) -> tuple[dict, dict | None]:
    """Counts the classes in the pseudo-labels that a stage draws, and logs them.

    Args:
        stage: See :func:`mmseg_gist.self_training.training.run_stage`.
        files: The pseudo-labels.

    Returns:
        tuple: Values for the record and, if labels are erased, the config of
        ``LabelErase`` with the thresholds that follow from ``keep``. The values are
        ``class_shares``, the percent of each class before any label erase, and
        ``kept``, see :func:`mmseg_gist.datasets.confidence.kept_shares`.
    """
    return from_main(lambda: _pseudo_statistics(stage, files))


def from_main(count: Callable):
    """Gives all processes what the main process counts."""
    found = [count() if is_main_process() else None]
    broadcast_object_list(found)
    return found[0]


def _pseudo_statistics(stage: Stage, files: Sequence[str]) -> tuple[dict, dict | None]:
    classes, human = stage.cfg.metainfo.classes, human_shares(stage)
    erase = stage.label_erase
    counts = histogram(files, len(human), by_regions(erase))
    fresh = shares(counts.sum(axis=1))
    erase = with_thresholds(erase, counts, len(stage.path))
    kept = kept_shares(counts, erase_limits(erase))
    table = PrettyTable(['class', 'human', 'pseudo', 'kept'], align='r')
    table.align['class'] = 'l'
    for name, *values in zip(classes, human, fresh, kept['classes']):
        table.add_row([name, *('' if v is None else f'{v:.2f}' for v in values)])
    print_log(
        f'Stage {stage.name} trains on {kept["all"]:.1f} % of the pixels of its '
        'pseudo-labels. Percent of each class in human labels and in pseudo-labels, '
        f'and how much of it is kept:\n{table}',
        'current',
    )
    for line in warnings_of(kept, human, fresh, classes):
        print_log(f'stage {stage.name}: {line}', 'current', logging.WARNING)
    return dict(class_shares=fresh, kept=kept), erase


def warnings_of(
    kept: dict, human: Shares, fresh: Shares, classes: Sequence[str]
) -> list[str]:
    """Warnings about the pseudo-labels of a stage.

    Args:
        kept (dict): See :func:`mmseg_gist.datasets.confidence.kept_shares`.
        human, fresh: Shares of the classes in human labels, and in pseudo-labels before
            label erase.
        classes: Names of the classes.
    """
    lines = []
    if kept['all'] < LEAST_KEPT:
        lines.append(
            f'label erase keeps {kept["all"]:.1f} % of the pixels: lower its '
            'threshold, raise keep or raise T of TemperatureScaling'
        )
    gone = [
        name
        for name, share, before, after in zip(classes, human, fresh, kept['classes'])
        if share and not (before and after)
    ]
    if gone:
        lines.append(f'pseudo-labels have lost {", ".join(gone)}')
    return lines


def human_shares(stage: Stage) -> Shares:
    pixels = count_human_labels(stage.cfg.train_dataloader.dataset)
    return shares(pixels[: len(stage.cfg.metainfo.classes)])
