"""Bring CamVid into images/{train,val,test} and labels/{train,val,test}.

Two public layouts are read, and left as they are:

- that of the SegNet tutorial: train, trainannot, val, ... with index masks 0
  to 10, and 11 for void;
- the original one: a folder of images and a folder of masks ``*_L.png`` in 32
  colors; they are halved to 480 x 360, grouped into the usual 11 classes, and
  split into 367, 101 and 233 images as in the first layout.

Images become .jpg files, labels index PNGs with 255 for void::

    python tools/dataset_converters/camvid.py DOWNLOAD --out data/camvid
"""

import argparse
from collections.abc import Iterator
from functools import lru_cache
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

from mmseg_gist.cli import run
from mmseg_gist.datasets.parallel import map_files
from mmseg_gist.utils import UserError

SPLITS = Path(__file__).parents[2] / 'configs/_base_/splits/camvid'
SIZE = (480, 360)
VOID = 11
# The colors of each class in the original masks; the first is its own, the
# others are of finer classes that belong to it.
COLORS = (
    ((128, 128, 128),),  # sky
    # building: and wall, bridge, tunnel, archway
    ((128, 0, 0), (64, 192, 0), (0, 128, 64), (64, 0, 64), (192, 0, 128)),
    ((192, 192, 128), (0, 0, 64)),  # pole: and traffic cone
    ((128, 64, 128), (128, 0, 192), (192, 0, 64)),  # road: and lane markings
    ((0, 0, 192), (64, 192, 128), (128, 128, 192)),  # sidewalk: parking, shoulder
    ((128, 128, 0), (192, 192, 0)),  # tree: and other vegetation
    ((192, 128, 128), (128, 128, 64), (0, 64, 64)),  # sign: text, traffic light
    ((64, 64, 128),),  # fence
    # car: and pick-up, truck or bus, train, other moving
    ((64, 0, 128), (64, 128, 192), (192, 128, 192), (192, 64, 128), (128, 64, 64)),
    # pedestrian: and child, cart, animal
    ((64, 64, 0), (192, 128, 64), (64, 0, 192), (64, 128, 64)),
    ((0, 128, 192), (192, 0, 192)),  # bicyclist: and motorcycle
    ((0, 0, 0),),  # void
)
PALETTE = [colors[0] for colors in COLORS[:VOID]]


def colors_to_classes(mask: np.ndarray) -> np.ndarray:
    """Turns an original mask into class indices.

    Args:
        mask: (H, W, 3) uint8 RGB, in the 32 colors.

    Returns:
        (H, W) uint8, classes 0..10 and 255.

    Raises:
        UserError: The mask has a color that is not one of the 32.
    """
    label = _color_table()[_code(mask)]
    if (label > VOID).any():
        color = mask[label > VOID][0].tolist()
        raise UserError(f'color {color} is none of the 32 of CamVid')
    return np.where(label == VOID, 255, label).astype(np.uint8)


@lru_cache
def _color_table() -> np.ndarray:
    """The class of each color's code, VOID + 1 for unknown colors."""
    table = np.full(2**24, VOID + 1, np.uint8)
    for index, colors in enumerate(COLORS):
        table[_code(np.array(colors))] = index
    return table


def _code(rgb: np.ndarray) -> np.ndarray:
    """One number for each color (..., 3)."""
    return rgb.astype(np.int64) @ [2**16, 2**8, 1]


def indices_to_classes(mask: np.ndarray) -> np.ndarray:
    """Turns a SegNet tutorial mask, 0..11, into classes 0..10 and 255."""
    return np.where(mask == VOID, 255, mask).astype(np.uint8)


def find_pairs(source: Path) -> Iterator[tuple[str, Path, Path]]:
    """Finds the images with their masks in either layout.

    Yields:
        ('train', 'val' or 'test', image file, mask file).

    Raises:
        UserError: The folder has the original layout, but is not complete.
    """
    if (source / 'trainannot').is_dir():
        for name in ('train', 'val', 'test'):
            for mask in sorted((source / f'{name}annot').glob('*.png')):
                yield name, source / name / mask.name, mask
        return

    masks = {path.name[: -len('_L.png')]: path for path in source.rglob('*_L.png')}
    images = {
        path.stem: path
        for path in source.rglob('*.*')
        if path.suffix in ('.png', '.jpg') and path.stem in masks
    }
    if not images:
        return
    lists = [
        SPLITS / '1-16' / f'{name}.txt' for name in ('labeled', 'dev', 'unlabeled')
    ]
    train = {name for path in lists for name in read_list(path)}
    test = set(read_list(SPLITS / 'test.txt'))
    missing = sorted((train | test) - set(images))
    if missing:
        raise UserError(
            f'{source}: {len(missing)} images or their masks are missing, e.g. '
            f'{missing[0]}: complete the download'
        )
    for stem in sorted(images):
        name = 'train' if stem in train else 'test' if stem in test else 'val'
        yield name, images[stem], masks[stem]


def outputs(name: str, image_path: Path, out: Path) -> tuple[Path, Path]:
    """The files of an image of ``'train'``, ``'val'`` or ``'test'`` and its label."""
    stem = image_path.stem
    return out / 'images' / name / f'{stem}.jpg', out / 'labels' / name / f'{stem}.png'


def convert(name: str, image_path: Path, mask_path: Path, out: Path) -> None:
    """Writes one image and its label below ``out``."""
    image, mask = read_image(image_path), read_label(mask_path)
    if mask.shape[:2] != image.shape[:2]:
        raise UserError(
            f'{mask_path}: is not of the size of {image_path}: get both again'
        )
    if mask.ndim == 3:
        try:
            label = colors_to_classes(mask[..., :3])
        except UserError as error:
            raise UserError(f'{mask_path}: {error}') from None
    else:
        label = check_values(mask_path, indices_to_classes(mask), len(PALETTE))
    if label.shape[::-1] != SIZE:
        image = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
        label = cv2.resize(label, SIZE, interpolation=cv2.INTER_NEAREST)
    image_out, label_out = outputs(name, image_path, out)
    write_image(image_out, image)
    write_label(label_out, label)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='folder in one of the two layouts')
    parser.add_argument('--out', type=Path, default='data/camvid')
    args = parser.parse_args(argv)

    pairs = list(find_pairs(args.source))
    if not pairs:
        raise UserError(
            f'{args.source}: neither trainannot nor images with their masks *_L.png in '
            'it; see --help for the layouts that can be read'
        )
    keep_inputs(
        (path for _, *files in pairs for path in files),
        (path for name, image, _ in pairs for path in outputs(name, image, args.out)),
    )
    map_files(lambda pair: convert(*pair, args.out), pairs)
    names = [name for name, _, _ in pairs]
    counts = ', '.join(
        f'{names.count(name)} {name}' for name in ('train', 'val', 'test')
    )
    print(f'{args.out}: {counts} images of {len(PALETTE)} classes')


if __name__ == '__main__':
    run(main)
