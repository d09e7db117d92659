"""What label erase keeps of a stage's pseudo-labels: how right it is, and where.

An experiment on a labeled data set hides the labels of its unlabeled images. This
command compares with them. It keeps its counts in erase_quality.json beside the record
and computes missing ones from the work dir. A row is a label erase; its columns are, in
percent: the pixels that it keeps, how many of these are right, the same as a mean over
the predicted classes, the pixels at borders that it keeps, and how many of these are
right. A pixel is at a border if another human label is at most 4 pixels away.
"""

import ast
from collections.abc import Sequence
from functools import cache, partial

import cv2
import numpy as np
from mmseg.registry import TRANSFORMS

from mmseg_gist.analysis.hidden_labels import (
    compare,
    config_with_classes,
    pseudo_labels_of,
)
from mmseg_gist.analysis.runs import (
    Run,
    find_runs,
    read_counts,
    records_parser,
    write_counts,
)
from mmseg_gist.analysis.spread import spread_of
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run
from mmseg_gist.datasets.confidence import histogram, read_confidence
from mmseg_gist.datasets.transforms import LabelErase
from mmseg_gist.self_training.label_erase import by_regions, with_thresholds
from mmseg_gist.utils import UserError

FILE = 'erase_quality.json'
BORDER = np.ones((9, 9), np.uint8)


def arguments_of(text: str) -> dict:
    """``'keep=0.7,regions=True'`` as the config of a LabelErase."""
    try:
        pairs = [part.split('=') for part in text.split(',')]
        arguments = {key: ast.literal_eval(value) for key, value in pairs}
    except (SyntaxError, ValueError) as error:
        raise UserError(f'{text}: write it like keep=0.7,regions=True') from error
    return dict(arguments, type='LabelErase')


def counts_of_image(
    human: np.ndarray, file: str, erases: Sequence[LabelErase], classes: int
) -> np.ndarray:
    """Pixels with a human label, by class of the pseudo-label.

    Returns:
        np.ndarray: (len(erases), 2, 3, classes) int64: everywhere and at borders; all,
        kept, kept and right.
    """
    at_border = cv2.dilate(human, BORDER) != cv2.erode(human, BORDER)
    read = cache(partial(read_confidence, file))  # by regions or not
    counts = []
    for erase in erases:
        label, confidence = read(erase.regions)
        kept = confidence >= erase.limits()[label]
        for place in (human < classes, (human < classes) & at_border):
            for chosen in (place, place & kept, place & kept & (label == human)):
                counts.append(np.bincount(label[chosen], minlength=classes))
    return np.stack(counts).reshape(len(erases), 2, 3, classes)


def count(each: Run, stage: str, texts: list[str]) -> dict[str, list]:
    """Counts by label erase, summed over the images that the stage labeled."""
    configs = [arguments_of(text) for text in texts]
    cfg = config_with_classes(each)
    classes = len(cfg.metainfo.classes)
    files = pseudo_labels_of(cfg, stage)
    counts = cache(partial(histogram, [*files.values()], classes))  # by regions or not
    erases = [
        TRANSFORMS.build(with_thresholds(config, counts(by_regions(config)), 1))
        for config in configs
    ]
    function = partial(counts_of_image, erases=erases, classes=classes)
    sums = sum(part for _, part in compare(cfg, files, function))
    return dict(zip(texts, sums.tolist()))


def counts_of(each: Run, stage: str, erases: list[str]) -> dict[str, np.ndarray]:
    """The counts in the file, completed with what it lacked."""
    file = each.file.parent / FILE
    content = read_counts(file, 'stages')
    known = content['stages'].setdefault(stage, {})
    if missing := [text for text in erases if text not in known]:
        known |= count(each, stage, missing)
        write_counts(content, file)
    return {text: np.array(known[text]) for text in erases}


def percents(counts: np.ndarray) -> dict[str, float]:
    """The columns of the table.

    Args:
        counts: Those of one label erase, (2, 3, classes), see :func:`counts_of_image`.
    """
    (every, kept, right), (at_border, kept_there, right_there) = counts
    predicted = kept > 0
    return {
        'kept': 100 * kept.sum() / every.sum(),
        'right': 100 * right.sum() / kept.sum(),
        'right, mean of classes': 100 * (right[predicted] / kept[predicted]).mean(),
        'borders kept': 100 * kept_there.sum() / at_border.sum(),
        'right there': 100 * right_there.sum() / kept_there.sum(),
    }


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__, policies=False)
    parser.add_argument(
        '--stage', default='0', help='whose model made the labels, such as 0 or PL'
    )
    parser.add_argument(
        '--erases',
        nargs='+',
        default=['keep=1', 'keep=0.7', 'keep=0.7,regions=True'],
        metavar='ARGUMENTS',
        help='of LabelErase each, such as keep=0.7,regions=True',
    )
    args = parser.parse_args(argv)
    found = [counts_of(e, args.stage, args.erases) for e in find_runs(args.records)]
    rows = []
    for text in args.erases:
        columns = [percents(counts[text]) for counts in found]
        spreads = {key: spread_of([c[key] for c in columns]) for key in columns[0]}
        rows.append({'label erase': text, **spreads})
    publish(rows, args.out)


if __name__ == '__main__':
    run(main)
