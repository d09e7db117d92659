r"""Write Cityscapes at half its size, 512 x 1024, with train ids as labels.

The literature trains and tests semi-supervised Cityscapes models on images and
ground truth of this size. The folder of the download (leftImg8bit and gtFine)
stays as it is; files that are already there are not written again::

    python tools/dataset_converters/cityscapes.py DOWNLOAD \
        --out data/cityscapes_half
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from label_files import check_values, read_image, read_label, write_image, write_label
from mmseg.datasets import CityscapesDataset

from mmseg_gist.cli import run
from mmseg_gist.datasets.parallel import map_files
from mmseg_gist.utils import UserError

NUMBERS = dict(train=2975, val=500)
SIZE = (1024, 512)
PALETTE = CityscapesDataset.METAINFO['palette']
# The label id of each of the 19 train ids; all others are ignored.
LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)


def to_train_ids(label: np.ndarray) -> np.ndarray:
    """Turns label ids 0..33 into train ids 0..18 and 255; (H, W) uint8."""
    table = np.full(256, 255, np.uint8)
    table[list(LABEL_IDS)] = range(len(LABEL_IDS))
    return table[label]


def read_train_ids(source: Path, name: str) -> np.ndarray:
    """Reads a label as train ids, from labelTrainIds or else from labelIds.

    Args:
        source: Folder of the download.
        name: E.g. ``train/aachen/aachen_000000_000019``.

    Raises:
        UserError: There is neither, or it has values that are not train ids.
    """
    path = source / 'gtFine' / f'{name}_gtFine_labelTrainIds.png'
    if path.exists():
        label = read_label(path)
    else:
        path = path.with_name(path.name.replace('TrainIds', 'Ids'))
        label = to_train_ids(read_label(path))
    return check_values(path, label, len(LABEL_IDS))


def convert(name: str, source: Path, out: Path) -> None:
    """Writes one image and its label at half size, unless they are there."""
    image_path = out / 'leftImg8bit' / f'{name}_leftImg8bit.png'
    if not image_path.exists():
        image = read_image(
            source / 'leftImg8bit' / image_path.relative_to(out / 'leftImg8bit')
        )
        write_image(image_path, cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA))
    label_path = out / 'gtFine' / f'{name}_gtFine_labelTrainIds.png'
    if not label_path.exists():
        label = read_train_ids(source, name)
        label = cv2.resize(label, SIZE, interpolation=cv2.INTER_NEAREST)
        write_label(label_path, label, PALETTE)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='folder of leftImg8bit and gtFine')
    parser.add_argument('--out', type=Path, default='data/cityscapes_half')
    args = parser.parse_args(argv)
    if args.out.resolve() == args.source.resolve():
        raise UserError(f'{args.out}: --out must be another folder than the download')

    names = []
    for split, number in NUMBERS.items():
        folder = args.source / 'leftImg8bit'
        paths = sorted(folder.glob(f'{split}/*/*_leftImg8bit.png'))
        if len(paths) != number:
            raise UserError(
                f'{folder / split}: has {len(paths)} images instead of {number}: '
                'complete the download (leftImg8bit_trainvaltest.zip)'
            )
        names += [
            str(path.relative_to(folder))[: -len('_leftImg8bit.png')] for path in paths
        ]
    map_files(lambda name: convert(name, args.source, args.out), names)
    counts = ', '.join(f'{number} {split}' for split, number in NUMBERS.items())
    print(f'{args.out}: {counts} images of {len(LABEL_IDS)} classes, 512 x 1024')


if __name__ == '__main__':
    run(main)
