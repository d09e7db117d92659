"""How accurate a stage's pseudo-labels are, if people labeled those images too.

An experiment on a labeled data set hides the labels of its unlabeled images; this
command compares with them. It keeps its counts in label_quality.json beside the record
and computes missing ones from the work dir. The table has the share of each class in
percent and, for each threshold of LabelErase, the share that the labels keep and give
to the class, the recall and the precision of the class.
"""

from argparse import ArgumentParser
from collections.abc import Sequence

import numpy as np

from mmseg_gist.analysis.hidden_labels import (
    compare,
    config_with_classes,
    pseudo_labels_of,
)
from mmseg_gist.analysis.runs import Run, find_run, read_counts, write_counts
from mmseg_gist.analysis.tables import Row, publish
from mmseg_gist.cli import Config, run
from mmseg_gist.datasets.confidence import read_confidence

FILE = 'label_quality.json'


def confusion(human: np.ndarray, label: np.ndarray, kept: np.ndarray, classes: int):
    """Pixels by human class and by class of the label.

    Args:
        human: (H, W), values from ``classes`` on are ignored.
        label: (H, W), below ``classes``.
        kept: (H, W) bool; the others are in the last column.
        classes: Number of classes.

    Returns:
        np.ndarray: (classes, classes + 1) int64.
    """
    is_labeled = human < classes
    columns = np.where(kept, label, classes)[is_labeled]
    cells = human[is_labeled].astype(np.int64) * (classes + 1) + columns
    counts = np.bincount(cells, minlength=classes * (classes + 1))
    return counts.reshape(classes, classes + 1)


def count(cfg: Config, stage: str, thresholds: Sequence[float]) -> dict:
    """Confusion by threshold, summed over the images that the stage labeled.

    Raises:
        UserError: It labeled none, or one of them has no human label.
    """
    classes = len(cfg.metainfo.classes)

    def confusions(human: np.ndarray, file: str) -> np.ndarray:
        label, confidence = read_confidence(file, regions=False)
        return np.stack(
            [
                confusion(human, label, confidence >= threshold * 255, classes)
                for threshold in thresholds
            ]
        )

    parts = compare(cfg, pseudo_labels_of(cfg, stage), confusions)
    sums = sum(part for _, part in parts)
    return {str(t): part.tolist() for t, part in zip(thresholds, sums)}


def counts_of(each: Run, stage: str, thresholds: Sequence[float]) -> dict:
    """The content of the file, completed with what it lacked."""
    file = each.file.parent / FILE
    content = read_counts(file, 'stages')
    known = content['stages'].setdefault(stage, {})
    missing = [t for t in thresholds if str(t) not in known]
    if missing:
        cfg = config_with_classes(each)
        known |= count(cfg, stage, missing)
        content['classes'] = list(cfg.metainfo.classes)
        write_counts(content, file)
    return content


def percent(part: np.ndarray, whole: np.ndarray) -> list[float]:
    return (100 * part / np.maximum(whole, 1)).tolist()


def rows_of(content: dict, stage: str, thresholds: Sequence[float]) -> list[Row]:
    """A row per class, and one for all pixels: its recall is what is kept and right."""
    rows = [{'class': name} for name in [*content['classes'], 'all']]
    for t in thresholds:
        matrix = np.array(content['stages'][stage][str(t)])
        right = matrix.diagonal()
        human, label = matrix.sum(1), matrix[:, :-1].sum(0)
        right, human, label = (np.append(x, x.sum()) for x in (right, human, label))
        total = human[-1:]
        columns = {
            'human': percent(human, total),
            f'labels >= {t:g}': percent(label, total),
            f'recall >= {t:g}': percent(right, human),
            f'precision >= {t:g}': percent(right, label),
        }
        for name, values in columns.items():
            for row, value in zip(rows, values):
                row[name] = value
    return rows


def main(argv: list[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='of one run, or its record')
    parser.add_argument('stage', help='whose model made the labels, such as 0 or PL')
    parser.add_argument('--thresholds', nargs='+', type=float, default=[0.0])
    parser.add_argument('--out', metavar='NAME', help='write NAME.md and NAME.csv')
    args = parser.parse_args(argv)
    content = counts_of(find_run(args.work_dir), args.stage, args.thresholds)
    publish(rows_of(content, args.stage, args.thresholds), args.out)


if __name__ == '__main__':
    run(main)
