r"""Complete and check SegmentationClassAug, the labels of VOC's 10,582 images.

A label is taken from the first of these that has it: SegmentationClassAug
itself, VOC's SegmentationClass, --aug (a folder of index PNGs), --sbd (the
folder ``cls`` with SBD's .mat files). What is there already is only checked, no
file is ever changed::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 \
        --sbd benchmark_RELEASE/dataset/cls

VOC-1k needs VOC's own labels only::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 \
        --lists configs/_base_/splits/voc1k/1-8/{labeled,dev,unlabeled}.txt \
        configs/_base_/splits/voc1k/test.txt
"""

import argparse
from pathlib import Path

import numpy as np
from label_files import check_values, read_label, read_list, write_label
from mmseg.datasets import PascalVOCDataset
from PIL import Image

from mmseg_gist.cli import run
from mmseg_gist.datasets.parallel import map_files
from mmseg_gist.utils import UserError

SPLITS = Path(__file__).parents[2] / 'configs/_base_/splits/voc'
LISTS = [
    *(SPLITS / '1-50' / f'{name}.txt' for name in ('labeled', 'dev', 'unlabeled')),
    SPLITS / 'val.txt',
]
PALETTE = PascalVOCDataset.METAINFO['palette']


def read_mat(path: Path) -> np.ndarray:
    """Read the class indices of an SBD file, ``GTcls.Segmentation``.

    Returns:
        (H, W) uint8.

    Raises:
        UserError: If the file is no such .mat file.
    """
    from scipy.io import loadmat  # slow to import, and few need it

    try:
        content = loadmat(path, squeeze_me=True, struct_as_record=False)
        return np.asarray(content['GTcls'].Segmentation, np.uint8)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(
            f'{path}: has no GTcls.Segmentation ({error!r}): take the files of the '
            f'folder cls of SBD'
        ) from None


def find_label(name: str, folders: list[Path], sbd: Path | None) -> Path | None:
    """The file of the first source that has the label, or None."""
    candidates = [folder / f'{name}.png' for folder in folders]
    if sbd:
        candidates.append(sbd / f'{name}.mat')
    return next((path for path in candidates if path.exists()), None)


def complete(
    name: str, root: Path, out: Path, folders: list[Path], sbd: Path | None
) -> bool:
    """Check the image and label of one id, and write the label if it is new.

    Returns:
        Whether the label was written.

    Raises:
        UserError: If image or label are missing, differ in size, or the label
            has values other than 0..20 and 255.
    """
    path = find_label(name, [out, *folders], sbd)
    if path is None:
        raise UserError(
            f'{out / name}.png: no label for this image: give SBD with --sbd or '
            f'SegmentationClassAug with --aug, or lists of other images with --lists'
        )
    label = read_mat(path) if path.suffix == '.mat' else read_label(path)
    check_values(path, label, len(PALETTE))
    image_path = root / 'JPEGImages' / f'{name}.jpg'
    try:
        with Image.open(image_path) as image:
            size = image.size
    except OSError as error:
        raise UserError(
            f'{image_path}: no such image, or damaged ({error}): get it again'
        ) from None
    if label.shape[::-1] != size:
        raise UserError(f'{path}: is not of the size of {image_path}: get both again')
    if path.parent == out:
        return False
    write_label(out / f'{name}.png', label, PALETTE)
    return True


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('root', type=Path, help='e.g. data/VOCdevkit/VOC2012')
    parser.add_argument('--aug', type=Path, help='folder of more label PNGs')
    parser.add_argument('--sbd', type=Path, help="folder of SBD's .mat files")
    parser.add_argument(
        '--lists', type=Path, nargs='+', default=LISTS, help='lists of the ids'
    )
    args = parser.parse_args(argv)

    for folder in filter(None, (args.root / 'JPEGImages', args.aug, args.sbd)):
        if not folder.is_dir():
            raise UserError(f'{folder}: no such folder: correct the path')
    names = [name for path in args.lists for name in read_list(path)]
    out = args.root / 'SegmentationClassAug'
    folders = [args.root / 'SegmentationClass', *filter(None, [args.aug])]
    written = map_files(
        lambda name: complete(name, args.root, out, folders, args.sbd), names
    )
    print(f'{out}: {len(names)} labels are good, {sum(written)} of them new')


if __name__ == '__main__':
    run(main)
