"""Which images a path's models disagree about: those to label next.

The reliability of an unlabeled image (ST++) is the mean IoU of its earlier labels with
its last one, by the models of at least two stages of the path. If the last stage draws
by reliability (train_cfg.reliable), it is the one by the models at thirds of its
parent's training. The command writes reliability.csv beside the record, the least
reliable image first.
With --truth it compares the images with human labels, which an experiment on a labeled
data set hides. The table shows how well reliability and the mean confidence rank the
images by the true IoU of their last pseudo-label, and how many of the worst tenth they
find.
"""

import os.path as osp
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmseg_gist.analysis.hidden_labels import compare, config_with_classes
from mmseg_gist.analysis.reliability import rank_correlation, worst_found
from mmseg_gist.analysis.runs import find_run
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import Config, run
from mmseg_gist.datasets.labels import read_label
from mmseg_gist.datasets.output_names import confidence_path
from mmseg_gist.datasets.reliability import (
    image_iou,
    read_list,
    reliabilities,
    write_list,
)
from mmseg_gist.self_training.labeler import labels_along
from mmseg_gist.self_training.path import from_name, to_name
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import UserError

FILE = 'reliability.csv'


def mean_confidence(file: str) -> float:
    return float(read_label(confidence_path(file)).mean()) / 255


def true_ious(cfg: Config, files: dict[str, str]) -> dict[str, float]:
    """Mean IoU of pseudo-labels with human labels, by the image's path."""
    num_classes = len(cfg.metainfo.classes)

    def iou(human: np.ndarray, file: str) -> float:
        return image_iou(read_label(file), human, num_classes)

    return dict(compare(cfg, files, iou))


def main(argv: list[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='of one run')
    parser.add_argument('path', help='name of its last stage, such as PLPL')
    parser.add_argument(
        '--truth', action='store_true', help='compare with human labels'
    )
    parser.add_argument('--out', metavar='NAME', help='write NAME.md and NAME.csv')
    args = parser.parse_args(argv)
    each = find_run(args.work_dir)
    cfg = config_with_classes(each)
    labels = labels_along(Stage(cfg, from_name(args.path)))
    *_, (path, last) = labels.items()
    ranked = Stage(cfg, path).reliability_file
    if osp.exists(ranked):
        values, by = read_list(ranked), f'stage {to_name(path)} at thirds'
    elif len(labels) > 1:
        values = reliabilities([*labels.values()], last, len(cfg.metainfo.classes))
        by = ', '.join(map(to_name, labels))
    else:
        raise UserError(
            f'{args.path}: only the model of stage {to_name(next(iter(labels)))} has '
            'labeled images; a path with two stages P or more shows what changed'
        )
    with ThreadPoolExecutor() as pool:
        confidences = pool.map(mean_confidence, last.values())
        rows = [
            dict(image=image, reliability=values[image], confidence=confidence)
            for image, confidence in zip(last, confidences)
        ]
    file = each.file.parent / FILE
    write_list(rows, file)
    print(f'{file}: {len(rows)} images by the models of {by}')
    if args.truth:
        truth = true_ious(cfg, last)
        rows = [row for row in rows if not np.isnan(truth[row['image']])]
        true = np.array([truth[row['image']] for row in rows])
        table = []
        for kind in ('reliability', 'confidence'):
            guess = np.array([row[kind] for row in rows])
            table.append(
                {
                    'by': kind,
                    'images': len(rows),
                    'rank correlation with the true IoU': rank_correlation(guess, true),
                    'of the worst tenth, found': 100 * worst_found(guess, true),
                }
            )
        publish(table, args.out)


if __name__ == '__main__':
    run(main)
