r"""Complete and check SegmentationClassAug, the labels of VOC's 10,582 images.

A label is taken from the first of these that has it: SegmentationClassAug
itself, VOC's SegmentationClass, --aug (a folder of index PNGs), --sbd (the
folder ``cls`` with SBD's .mat files). What is there already is only checked, no
file is ever changed::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 \
        --sbd benchmark_RELEASE/dataset/cls

Images of a list unlabeled*.txt need no label. Which images those are says the
labeled share: 1/50 unless other lists are given, as here those of 1/8::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 \
        --sbd benchmark_RELEASE/dataset/cls \
        --lists configs/_base_/splits/voc/{1-8/*,val}.txt

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
from mmseg_gist.utils import UserError, tell_missing

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


def complete(name: str, source: Path | None, root: Path, out: Path) -> bool:
    """Check the image of one id and its label, and write the label if it is new.

    Args:
        name: The id.
        source: The file that has its label, None for an image without one.
        root: Of VOC 2012.
        out: The folder of the labels.

    Returns:
        Whether the label was written.

    Raises:
        UserError: If image or label are damaged, differ in size, or the label has
            values other than 0..20 and 255.
    """
    image_path = root / 'JPEGImages' / f'{name}.jpg'
    try:
        with Image.open(image_path) as image:
            size = image.size
    except OSError as error:
        raise UserError(f'{image_path}: is damaged ({error}): get it again') from None
    if source is None:
        return False
    label = read_mat(source) if source.suffix == '.mat' else read_label(source)
    check_values(source, label, len(PALETTE))
    if label.shape[::-1] != size:
        raise UserError(f'{source}: is not of the size of {image_path}: get both again')
    if source.parent == out:
        return False
    write_label(out / f'{name}.png', label, PALETTE)
    return True


def missing_images(folder: Path, names: list[str]) -> list[str]:
    """A line if images are not there."""
    lacking = [name for name in names if not (folder / f'{name}.jpg').exists()]
    return lacking and [
        f'{folder}: {len(lacking)} of {len(names)} images, such as {lacking[0]}.jpg: '
        'unpack VOCtrainval_11-May-2012.tar'
    ]


def missing_labels(names: list[str]) -> list[str]:
    """A line if there are images that need a label and have none."""
    return names and [
        f'the labels of {len(names)} images to train or test on, such as {names[0]}: '
        'give SBD with --sbd or SegmentationClassAug with --aug, or lists of other '
        'images with --lists'
    ]


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

    needed = {}
    for path in args.lists:
        needed |= dict.fromkeys(read_list(path), not path.stem.startswith('unlabeled'))
    out = args.root / 'SegmentationClassAug'
    folders = [out, args.root / 'SegmentationClass', *filter(None, [args.aug])]
    sources = {name: find_label(name, folders, args.sbd) for name in needed}
    without = [name for name, source in sources.items() if not source]
    tell_missing(
        [
            f'{folder}: no such folder: correct the path'
            for folder in (args.aug, args.sbd)
            if folder and not folder.is_dir()
        ]
        + missing_images(args.root / 'JPEGImages', list(needed))
        + missing_labels([name for name in without if needed[name]])
    )
    written = map_files(
        lambda name: complete(name, sources[name], args.root, out), list(needed)
    )
    good, new = len(needed) - len(without), sum(written)
    print(f'{out}: {good} labels are good, {new} of them new')
    if without:
        print(f'{len(without)} unlabeled images have no label, and need none')


if __name__ == '__main__':
    run(main)
