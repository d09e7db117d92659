"""Reads and writes the small files that the converters share."""

import codecs
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmseg_gist.utils import UserError, atomic_path, why

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')


def read_lines(path: str | Path) -> list[str]:
    """The lines of a text file, without blanks around them.

    The file is UTF-8, or UTF-16 with a byte order mark.

    Raises:
        UserError: The file is neither.
    """
    content = Path(path).read_bytes()
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode('utf-16' if marked else 'utf-8-sig')
    except UnicodeDecodeError as error:
        raise UserError(
            f'{path}: is not UTF-8 text ({error}): save it as UTF-8'
        ) from None
    return [line.strip() for line in text.split('\n')]


def read_list(path: str | Path) -> list[str]:
    """Reads a list file.

    Args:
        path: Text file, one id per line; empty lines are skipped.

    Returns:
        The ids in the order of the file.

    Raises:
        UserError: The file is missing, is not text, or names an id twice.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f'{path}: no such list file: correct the path')
    ids = [line for line in read_lines(path) if line]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise UserError(f'{path}: names {twice} twice: remove one of the two')
    return ids


def write_list(path: str | Path, ids: Sequence[str]) -> None:
    """Writes ids, one per line, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(''.join(f'{name}\n' for name in ids), 'utf-8')


def walk(folder: Path) -> list[Path]:
    """All files below a folder, through links too, sorted by folder and then by file.

    Raises:
        UserError: A link points back to a folder that contains it.
    """
    files = []
    for place, folders, names in os.walk(folder, followlinks=True):
        place = Path(place)
        files += [place / name for name in names]
        for link in (place / name for name in folders):
            if link.is_symlink() and link.resolve() in map(Path.resolve, link.parents):
                raise UserError(
                    f'{link}: is a link back to {link.resolve()}, which would never '
                    'end: remove the link'
                )
    return sorted(files, key=lambda path: path.parts)


def list_images(folder: str | Path) -> list[str]:
    """Lists the images below a folder.

    Args:
        folder: Folder with .jpg, .jpeg or .png files at any depth.

    Returns:
        Paths relative to the folder, without suffix, with ``/``, sorted by
        folder and then by file.

    Raises:
        UserError: The folder is missing or holds no image.
    """
    folder = Path(folder)
    files = (
        path.relative_to(folder).with_suffix('')
        for path in walk(folder)
        if path.suffix.lower() in IMAGE_SUFFIXES
    )
    ids = [path.as_posix() for path in sorted(files, key=lambda path: path.parts)]
    if not ids:
        raise UserError(f'{folder}: no images (.jpg, .png) in this folder: correct it')
    return ids


def read_label(path: str | Path) -> np.ndarray:
    """Reads a label PNG as stored: palette indices, not their colors.

    Returns:
        (H, W) uint8, or (H, W, 3) uint8 RGB for a color PNG.

    Raises:
        UserError: The file is missing or cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(image)
    except (OSError, SyntaxError) as error:
        reason = why(error, path)
        raise UserError(f'{path}: cannot be read ({reason}): get it again') from None


def write_label(
    path: str | Path, label: np.ndarray, palette: Sequence | None = None
) -> None:
    """Writes an index PNG atomically.

    Args:
        path: File to write; its folder is created if needed.
        label: (H, W) uint8, class indices and 255 for ignore.
        palette: RGB triples of the classes, for viewers; other indices appear
            white.
    """
    image = Image.fromarray(label.astype(np.uint8))
    if palette is not None:
        colors = np.full((256, 3), 255, np.uint8)
        colors[: len(palette)] = palette
        image.putpalette(colors.tobytes())
    with atomic_path(path) as temporary:
        image.save(temporary, format='PNG')


def keep_inputs(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Checks that no output would replace an input.

    Raises:
        UserError: An output would.
    """
    there = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in there:
            raise UserError(f'{path}: is an input: choose another --out')


def link(path: Path, source: Path) -> None:
    """Makes ``path`` a link to a file; its folder is created if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(source.resolve())


def check_values(path: str | Path, label: np.ndarray, num_classes: int) -> np.ndarray:
    """Checks that a label is an index map.

    Args:
        path: Named in the error.
        label: The label's content.
        num_classes: C; values 0..C-1 and 255 are allowed.

    Returns:
        The label.

    Raises:
        UserError: The label is a color image or has other values.
    """
    if label.ndim != 2:
        raise UserError(
            f'{path}: is a color image, but labels must be class indices: convert it'
        )
    values = np.unique(label)
    wrong = values[(values >= num_classes) & (values != 255)]
    if len(wrong):
        raise UserError(
            f'{path}: has label value {wrong[0]}, but only 0 to {num_classes - 1} and '
            '255 (ignored) are allowed: correct it or get it again'
        )
    return label


def read_image(path: str | Path) -> np.ndarray:
    """Reads an image as (H, W, 3) uint8, BGR.

    Raises:
        UserError: The file is missing or cannot be decoded.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise UserError(f'{path}: no such image, or it cannot be read: get it again')
    return image


def write_image(path: str | Path, image: np.ndarray) -> None:
    """Writes an (H, W, 3) uint8 BGR image atomically; OpenCV's JPEG quality is 95."""
    content = cv2.imencode(Path(path).suffix, image)[1]
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.tobytes())
