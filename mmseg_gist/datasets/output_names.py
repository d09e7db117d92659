"""Unique names for output files, one per image."""

import hashlib
import os.path as osp
import re
from collections.abc import Sequence

LONGEST = 200  # bytes of a folder or a stem; names with all additions have up to 255


def output_names(images: Sequence[str], folder: str | None = None) -> list[str]:
    """Names of the output files of images, relative to any folder.

    The images' paths are kept from the deepest folder that holds all of them, so
    their ids may be absolute, begin with ``..`` or lead through links. Names lack the
    suffix of the image, unless two images differ only in it.

    Different image files get different names. No name is the folder of another, and no
    :func:`confidence_path` of a name is another name.

    Args:
        images: Paths of the images.
        folder: The folder in which images are looked for; the common folder of all
            images is no deeper than this one.

    Returns:
        list[str]: PNGs, relative, without ``..``.
    """
    places = [_place(image, folder) for image in images]
    folders = {osp.dirname(place) for place in places}
    if folder is not None:
        folders.add(_absolute(folder))
    root = osp.commonpath(folders).rstrip('/') if folders else ''
    names = [place[len(root) + 1 :] for place in places]
    stems = [osp.splitext(name)[0] for name in names]
    if len(set(stems)) == len(set(names)):
        names = stems
    return [_name(name) for name in names]


def confidence_path(seg_map_path: str) -> str:
    """The path of a pseudo-label's confidence, beside its index PNG."""
    folder, name = osp.split(seg_map_path)
    return osp.join(folder, f'{osp.splitext(name)[0]}_confidence.png')


def _place(image: str, folder: str | None) -> str:
    """An absolute path of the image, without ``..``."""
    start = osp.join(folder or '', '')
    within = image.removeprefix(start)
    if start and within != image and '..' not in within.split('/'):
        return osp.join(_absolute(folder), osp.normpath(f'./{within}'))
    return _absolute(image)


def _absolute(path: str) -> str:
    # only the disk knows where ``..`` after a link leads
    return osp.realpath(path) if '..' in path.split('/') else osp.abspath(path)


def _name(name: str) -> str:
    """The name, changed so that no other output can have it."""
    *folders, stem = name.split('/')
    # `a.png` is no folder and `a_confidence` no label: these get one more `_`
    folders = [re.sub(r'\.png_*$', r'\g<0>_', part) for part in folders]
    stem = re.sub(r'_confidence_*$', r'\g<0>_', stem)
    return '/'.join([*map(_short, folders), f'{_short(stem)}.png'])


def _short(part: str) -> str:
    content = part.encode(errors='surrogateescape')
    if len(content) <= LONGEST:
        return part
    digest = hashlib.blake2b(content, digest_size=8).hexdigest()
    return f'{content[: LONGEST - 17].decode(errors="ignore")}-{digest}'
