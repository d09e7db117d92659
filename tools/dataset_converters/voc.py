r"""Complete and check SegmentationClassAug, the labels of VOC's 10,582 images.

A label is taken from the first of these that has it: SegmentationClassAug
itself, VOC's SegmentationClass, --aug (a folder of index PNGs), --sbd (the
folder ``cls`` with SBD's .mat files). Existing labels are only checked; no file is ever
changed::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 \
        --sbd benchmark_RELEASE/dataset/cls

Images of a list unlabeled*.txt need no label. The labeled share determines these
images: 1/50 by default, or that of other lists, as here 1/8::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 \
        --sbd benchmark_RELEASE/dataset/cls \
        --lists configs/_base_/splits/voc/{1-8/*,val}.txt

VOC-animals is made from the same sources, in a separate folder. With --long-side, its
3,576 images and their labels are resized; otherwise they keep their size::

    python tools/dataset_converters/voc.py data/VOCdevkit/VOC2012 --animals \
        --sbd benchmark_RELEASE/dataset/cls --long-side 288 --out data/voc_animals
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from label_files import (
    check_values,
    keep_inputs,
    read_image,
    read_label,
    read_list,
    write_image,
    write_label,
)
from mmcv import rescale_size
from mmseg.datasets import PascalVOCDataset
from PIL import Image

from mmseg_gist.cli import run
from mmseg_gist.datasets.parallel import map_files
from mmseg_gist.utils import UserError, at_least_one, atomic_path, tell_missing

SPLITS = Path(__file__).parents[2] / 'configs/_base_/splits'
TRAIN = [f'1-50/{name}.txt' for name in ('labeled', 'dev', 'unlabeled')]
LISTS = [SPLITS / 'voc' / name for name in (*TRAIN, 'val.txt')]
ANIMALS = [SPLITS / 'animals' / name for name in (*TRAIN, 'test.txt')]
PALETTE = PascalVOCDataset.METAINFO['palette']


def read_mat(path: Path) -> np.ndarray:
    """Reads the class indices of an SBD file, ``GTcls.Segmentation``.

    Returns:
        (H, W) uint8.

    Raises:
        UserError: The file is not such a .mat file.
    """
    from scipy.io import loadmat  # slow to import, and few need it

    try:
        content = loadmat(path, squeeze_me=True, struct_as_record=False)
        return np.asarray(content['GTcls'].Segmentation, np.uint8)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(
            f'{path}: has no GTcls.Segmentation ({error!r}): take the files of the '
            'folder cls of SBD'
        ) from None


def find_label(name: str, folders: list[Path], sbd: Path | None) -> Path | None:
    """The file of the first source that has the label, or None."""
    candidates = [folder / f'{name}.png' for folder in folders]
    if sbd:
        candidates.append(sbd / f'{name}.mat')
    return next((path for path in candidates if path.exists()), None)


def checked_label(source: Path, image_path: Path, size: tuple) -> np.ndarray:
    """Reads a label from any of the sources.

    Args:
        source: An index PNG or one of SBD's files.
        image_path: Path of its image, named in the error.
        size: Width and height of the image.

    Returns:
        (H, W) uint8, 0..20 and 255.

    Raises:
        UserError: The label is damaged, has another size, or has other values.
    """
    label = read_mat(source) if source.suffix == '.mat' else read_label(source)
    check_values(source, label, len(PALETTE))
    if label.shape[::-1] != size:
        raise UserError(f'{source}: is not of the size of {image_path}: get both again')
    return label


def complete(name: str, source: Path | None, root: Path, out: Path) -> bool:
    """Checks the image of one id and its label, and writes the label if it is new.

    Args:
        name: The id.
        source: The file that has its label, None for an image without one.
        root: Folder of VOC 2012.
        out: The folder of the labels.

    Returns:
        Whether the label was written.

    Raises:
        UserError: The image or the label is damaged, or they do not fit together.
    """
    image_path = root / 'JPEGImages' / f'{name}.jpg'
    try:
        with Image.open(image_path) as image:
            size = image.size
    except OSError as error:
        raise UserError(f'{image_path}: is damaged ({error}): get it again') from None
    if source is None:
        return False
    label = checked_label(source, image_path, size)
    if source.parent == out:
        return False
    write_label(out / f'{name}.png', label, PALETTE)
    return True


def outputs(name: str, out: Path) -> tuple[Path, Path]:
    """The files of an image and its label in a folder like VOC's."""
    image = out / 'JPEGImages' / f'{name}.jpg'
    return image, out / 'SegmentationClassAug' / f'{name}.png'


def copy(
    name: str, source: Path | None, root: Path, out: Path, long_side: int | None
) -> None:
    """Writes one image, and its label if there is one, into a folder like VOC's.

    Args:
        name: The id.
        source: The file that has its label, None for an image without one.
        root: Folder of VOC 2012.
        out: The folder that gets JPEGImages and SegmentationClassAug.
        long_side: The long side that both are resized to, in pixels. None keeps their
            size and copies the image's file unchanged.

    Raises:
        UserError: The image or the label is damaged, or they do not fit together.
    """
    image_path = root / 'JPEGImages' / f'{name}.jpg'
    image = read_image(image_path)
    size = image.shape[1::-1]
    label = source and checked_label(source, image_path, size)
    target, label_out = outputs(name, out)
    if long_side:
        new = rescale_size(size, (long_side, long_side))
        shrinks = long_side < max(size)
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        write_image(target, cv2.resize(image, new, interpolation=how))
    else:
        new = size
        with atomic_path(target) as temporary:
            temporary.write_bytes(image_path.read_bytes())
    if label is not None:
        label = cv2.resize(label, new, interpolation=cv2.INTER_NEAREST)
        write_label(label_out, label, PALETTE)


def missing_images(folder: Path, names: list[str]) -> list[str]:
    """A line if images are missing."""
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
    parser.add_argument('--lists', type=Path, nargs='+', help='lists of the ids')
    parser.add_argument('--animals', action='store_true', help='make VOC-animals')
    parser.add_argument('--long-side', type=int, help="its images' long side in pixels")
    parser.add_argument('--out', type=Path, help='its folder (data/voc_animals)')
    args = parser.parse_args(argv)
    if not args.animals and (args.long_side or args.out):
        parser.error('--long-side and --out are for --animals')
    if args.long_side is not None:
        at_least_one('--long-side', args.long_side)

    needed = {}
    for path in args.lists or (ANIMALS if args.animals else LISTS):
        needed |= dict.fromkeys(read_list(path), not path.stem.startswith('unlabeled'))
    aug = args.root / 'SegmentationClassAug'
    folders = [aug, args.root / 'SegmentationClass', *filter(None, [args.aug])]
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
    good = len(needed) - len(without)
    if args.animals:
        out = args.out or Path('data/voc_animals')
        if out.resolve().is_relative_to(args.root.resolve()):
            raise UserError(f'{out}: is inside {args.root}, which must not change')
        keep_inputs(
            [*filter(None, sources.values())]
            + [args.root / 'JPEGImages' / f'{name}.jpg' for name in needed],
            (path for name in needed for path in outputs(name, out)),
        )
        map_files(
            lambda name: copy(name, sources[name], args.root, out, args.long_side),
            list(needed),
        )
        print(f'{out}: {len(needed)} images, {good} labels')
    else:
        written = map_files(
            lambda name: complete(name, sources[name], args.root, aug), list(needed)
        )
        print(f'{aug}: {good} labels are good, {sum(written)} of them new')
    if without:
        print(f'{len(without)} unlabeled images have no label, and need none')


if __name__ == '__main__':
    run(main)
