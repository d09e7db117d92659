"""Finds every fault in a folder of images and one of labels, not only the first."""

import hashlib
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from label_files import IMAGE_SUFFIXES, read_lines, walk
from PIL import Image, ImageOps

from mmseg_gist.datasets.parallel import map_files
from mmseg_gist.datasets.reading import (
    Notes,
    Reader,
    image_notes,
    orientation,
    told,
    turned_label,
)
from mmseg_gist.utils import UserError, why

IGNORED = 255
INDEX_MODES = ('1', 'L', 'P', 'I', 'I;16')
# The config that the tool writes reads images in this way.
READER = Reader(None, 'Image')


class Findings(NamedTuple):
    """What the two folders hold.

    Attributes:
        images (dict[str, Path]): The image files by their ids: paths within
            the folder, without the suffix if all share one.
        image_suffix (str): The suffix that ids lack, '' if suffixes differ.
        labels (dict[str, Path]): The label files by the ids of their images.
        copies (dict[str, str]): Images that the other attributes leave out since
            they show the same picture as another image, and that image.
        sizes (list[tuple[int, int]]): Width and height of each image.
        pixels (dict[str, np.ndarray]): Number of pixels of each class in each
            label, int64 (C, ).
        palette (list[list[int]] | None): RGB of the classes in a palette label.
        faults (list[str]): A line for each; with any, ignore the other attributes.
        notes (list[str]): Lines about images of which training sees little.
    """

    images: dict
    image_suffix: str
    labels: dict
    copies: dict
    sizes: list
    pixels: dict
    palette: list | None
    faults: list
    notes: list


class Colors:
    """Maps the colors of a label to classes.

    Args:
        path (Path): Text file with a line ``R G B CLASS`` for each color. A class
            may have several lines. ``ignore`` is the class of colors to ignore.
        classes (Sequence[str]): Names of the classes.

    Raises:
        UserError: A line is not of this form, names an unknown class or a color
            that an earlier line names, or a class has no color.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        if not path.is_file():
            raise UserError(f'{path}: no such file of colors: correct --colors')
        self.path = path
        self.table = np.full(2**24, -1, np.int16)
        values = dict(zip(classes, range(len(classes))), ignore=IGNORED)
        first = {}
        for number, line in enumerate(read_lines(path), 1):
            if not line:
                continue
            *color, name = (*line.split(maxsplit=3), '')[:4]
            if not all(part.isdecimal() and int(part) < 256 for part in color):
                raise UserError(
                    f'{path}, line {number}: is not of the form R G B CLASS with '
                    f'0 to 255 for each color: {line!r}'
                )
            name = name.strip()
            if name not in values:
                raise UserError(
                    f'{path}, line {number}: {name!r} is not a class: name one of '
                    '--classes, or ignore'
                )
            color = [int(part) for part in color]
            code = _code(np.array(color))
            if self.table[code] >= 0:
                raise UserError(
                    f'{path}, line {number}: an earlier line has the color '
                    f'{_text(color)} too: remove one of the two'
                )
            self.table[code] = values[name]
            first.setdefault(name, color)
        missing = [name for name in classes if name not in first]
        if missing:
            raise UserError(f'{path}: has no color for {missing[0]}: add one')
        self.palette = [first[name] for name in classes]

    def indices(self, rgb: np.ndarray) -> np.ndarray:
        """The classes, 255 and -1 for unknown colors, int16 (H, W)."""
        return self.table[_code(rgb)]


def read_values(image: Image.Image, colors: Colors | None) -> np.ndarray:
    """The values of a label: classes and 255; other values are faults.

    Args:
        image: The label; may be a color image only with ``colors``.
        colors: If given, palette and gray labels are read as colors too.

    Returns:
        Integers, (H, W).
    """
    if colors:
        return colors.indices(np.asarray(image.convert('RGB')))
    return np.asarray(image).astype(np.int32)


def check(
    image_folder: Path,
    label_folder: Path,
    classes: Sequence[str],
    colors: Colors | None = None,
) -> Findings:
    """Looks at every file of the two folders.

    Raises:
        UserError: One of the folders is missing or holds nothing.
    """
    faults = []
    images = _find(image_folder, IMAGE_SUFFIXES, 'image', faults)
    labels = _find(label_folder, ('.png',), 'label', faults)
    suffixes = {path.suffix for path in images.values()}
    image_suffix = suffixes.pop() if len(suffixes) == 1 else ''
    labels = _by_image(labels, images, image_suffix, image_folder, faults)
    images = {name.removesuffix(image_suffix): path for name, path in images.items()}
    looks = map_files(
        lambda name: _look(images[name], labels.get(name), len(classes), colors),
        images,
    )
    looks = dict(zip(images, looks))
    for look in looks.values():
        faults += look.faults
    copies = _copies(looks, labels, faults)
    for name in copies:
        del images[name], looks[name]
        labels.pop(name, None)
    pixels = {
        name: look.pixels for name, look in looks.items() if look.pixels is not None
    }
    total = sum(pixels.values(), np.zeros(len(classes), np.int64))
    if pixels and not faults and (total > 0).sum() < 2:
        only = f'only {classes[total.argmax()]}' if total.any() else 'no class'
        faults.append(
            f'{label_folder}: {only} has pixels, all others are ignored (255): '
            f'give each class its own value, 0 to {len(classes) - 1}'
        )
    palettes = [look.palette for look in looks.values() if look.palette]
    return Findings(
        images,
        image_suffix,
        labels,
        copies,
        [look.size for look in looks.values()],
        pixels,
        colors.palette if colors else next(iter(palettes), None),
        sorted(faults),
        told((str(images[name]), look.notes) for name, look in looks.items()),
    )


def _find(folder: Path, suffixes: Sequence[str], kind: str, faults: list) -> dict:
    """The files by their paths within the folder, without hidden files."""
    if not folder.is_dir():
        raise UserError(f'{folder}: no such folder of {kind}s: correct the path')
    article = 'an' if kind == 'image' else 'a'
    found = {}
    for path in walk(folder):
        within = path.relative_to(folder)
        if any(part.startswith('.') for part in within.parts):
            continue
        if path.suffix.lower() not in suffixes:
            faults.append(
                f'{path}: is not {article} {kind} ({", ".join(suffixes)}): convert it, '
                'or take it out of the folder'
            )
            continue
        name = within.with_suffix('').as_posix()
        if name != name.strip():
            faults.append(f'{path}: the name ends in blanks: rename it')
        if '\n' in name or any('\ud800' <= letter <= '\udfff' for letter in name):
            faults.append(
                f'{str(path)!r}: the name has a line break or is not UTF-8, so no '
                'list can hold it: rename it'
            )
        found[within.as_posix()] = path
    if not found:
        raise UserError(
            f'{folder}: no {kind}s ({", ".join(suffixes)}) in this folder: correct it'
        )
    return found


def _by_image(
    labels: dict, images: dict, image_suffix: str, image_folder: Path, faults: list
) -> dict:
    """The labels by the ids of their images, which have the same name."""
    ids = {}
    for name in images:
        ids.setdefault(osp.splitext(name)[0], []).append(name)
    found = {}
    for name, path in labels.items():
        stem = osp.splitext(name)[0]
        of = ids.get(stem, [])
        if not of:
            faults.append(
                f'{path}: there is no image {image_folder / stem}.*: give the label '
                'the name of its image, or take it out'
            )
        elif len(of) > 1 or of[0].removesuffix(image_suffix) in found:
            faults.append(
                f'{path}: does not belong to exactly one image '
                f'({" and ".join(str(images[each]) for each in of)}): give each image '
                'and its label a unique name'
            )
        else:
            found[of[0].removesuffix(image_suffix)] = path
    return found


def _copies(looks: dict, labels: dict, faults: list) -> dict[str, str]:
    """The images that show the same picture as another image, and that image.

    The image kept has a label if any of them has one. It is a fault if labels of the
    same picture differ.
    """
    first, copies = {}, {}
    for name in sorted(looks, key=lambda name: name not in labels):  # stable
        look = looks[name]
        other = first.setdefault(look.digest, name) if look.digest else name
        if other == name:
            continue
        copies[name] = other
        if look.label != looks[other].label and name in labels:
            faults.append(
                f'{labels[name]}: differs from {labels[other]}, which labels the same '
                'picture: correct one, or take it out with its image'
            )
    return copies


class _Look(NamedTuple):
    """Facts about an image and its label, with digests of both."""

    size: tuple | None
    digest: bytes | None
    label: bytes | None
    pixels: np.ndarray | None
    palette: list | None
    faults: list
    notes: Notes


def _look(
    image_path: Path, label_path: Path | None, num_classes: int, colors: Colors | None
) -> _Look:
    size = digest = digest_of_label = pixels = palette = None
    faults, notes = [], {}
    try:
        # Pillow reads to the end, which not every OpenCV does, and turns it as OpenCV.
        with Image.open(image_path) as image:
            image = ImageOps.exif_transpose(image)
        if image.mode[0] != 'I':  # the conversion would clip 16 bits
            image = image.convert('RGB')
        size = image.size
        digest = hashlib.blake2b(f'{size}'.encode() + image.tobytes()).digest()
        info = dict(img_path=str(image_path))
        read = READER(dict(info))['img']
        notes = image_notes(READER, info, read, labeled=label_path is not None)
    except Exception as error:  # each decoder has errors of its own
        faults.append(
            f'{image_path}: cannot be read ({why(error, image_path)}): replace it'
        )
    if label_path is None:
        return _Look(size, digest, digest_of_label, pixels, palette, faults, notes)

    try:
        with Image.open(label_path) as label:
            turned = orientation(label, label_path.read_bytes())
            label.load()
    except Exception as error:
        faults.append(
            f'{label_path}: cannot be read ({why(error, label_path)}): replace it'
        )
        return _Look(size, digest, digest_of_label, pixels, palette, faults, notes)
    if turned != 1:
        faults.append(f'{label_path}: {turned_label(turned)}')
    if size and label.size != size:
        way_out = 'turn' if label.size == size[::-1] else 'resize'
        faults.append(
            f'{label_path}: is {_by(label.size)}, but its image {image_path} is '
            f'{_by(size)}: {way_out} one of the two'
        )
    if not colors and label.mode not in INDEX_MODES:
        faults.append(
            f'{label_path}: is a color image ({label.mode}), not a map of '
            'class indices: name the class of each color in --colors FILE'
        )
        return _Look(size, digest, digest_of_label, pixels, palette, faults, notes)
    values = read_values(label, colors)
    digest_of_label = hashlib.blake2b(values.tobytes()).digest()
    wrong = (values < 0) | (values >= num_classes) & (values != IGNORED)
    if wrong.any():
        if colors:
            color = np.asarray(label.convert('RGB'))[wrong][0]
            faults.append(
                f'{label_path}: has colors that {colors.path} does not name, such as '
                f'{_text(color)} ({wrong.sum()} pixels in all): add them there, with '
                'their class or ignore'
            )
        else:
            faults.append(
                f'{label_path}: has values {_text(np.unique(values[wrong]))} '
                f'({wrong.sum()} pixels), but only 0 to {num_classes - 1} and 255 '
                '(ignored) are allowed: correct them, or add classes to --classes'
            )
    else:
        pixels = np.bincount(values.ravel(), minlength=256)[:num_classes]
    if label.mode == 'P':
        # what the palette leaves out is black
        flat = [*label.getpalette('RGB'), *bytes(3 * num_classes)]
        palette = np.reshape(flat[: 3 * num_classes], (-1, 3)).tolist()
    return _Look(size, digest, digest_of_label, pixels, palette, faults, notes)


def _code(rgb: np.ndarray) -> np.ndarray:
    """One number for each color (..., 3)."""
    return rgb.astype(np.int32) @ np.array([2**16, 2**8, 1], np.int32)


def _text(values) -> str:
    shown = ', '.join(str(value) for value in values[:5])
    return f'{shown}, ...' if len(values) > 5 else shown


def _by(size: tuple[int, int]) -> str:
    return f'{size[0]} x {size[1]}'
