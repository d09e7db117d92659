"""Reads files like a pipeline and reports what the pipeline changes in them.

A pipeline keeps 8 of an image's 16 bits, turns the image (but not its label) by its
EXIF orientation, and drops transparency. It keeps 8 bits of a label. None of this
raises an error: a model simply trains on black images or on wrong classes.
"""

import io
import tempfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS
from PIL import ExifTags, Image

from mmseg_gist.utils import UserError

from .labels import loading_steps

DARK = 16  # out of 255; an image whose values are all below is nearly black
FEW = 64  # gray levels; an image that has lost bits has fewer

# What follows from a note, and the way out.
MEANINGS = dict(
    turned='training turns images, but not labels: a label must fit its image as '
    'viewers show it',
    bits='convert to 8 bits that use the range 0 to 255',
    dark='training sees black images: correct the values, or remove these images',
    transparent='training sees the hidden colors: paint over what it must not see',
)
Notes = dict[str, str]  # from a key of MEANINGS to what was found in a file
# The packages of decoders that mmcv does not install, by the names of their modules.
PACKAGES = dict(tifffile='tifffile', turbojpeg='PyTurboJPEG')


class Reader:
    """Loads the images, or the labels, of a data set.

    Args:
        pipeline: The data set's pipeline. Without one, mmseg's defaults are used.
        what (str): ``'Image'`` or ``'Annotations'``.

    Raises:
        UserError: The decoder is not installed.
    """

    def __init__(self, pipeline: Sequence[dict] | None, what: str) -> None:
        self.steps = [TRANSFORMS.build(s) for s in loading_steps(pipeline, what)]
        for step in self.steps:
            backend = getattr(step, 'imdecode_backend', None)
            if backend in PACKAGES and not find_spec(backend):
                raise UserError(
                    f'{type(step).__name__}: imdecode_backend={backend!r} is not '
                    f"installed: pip install {PACKAGES[backend]}, or choose 'cv2' or "
                    "'pillow'"
                )
        self._turns = {}

    def __call__(self, results: dict) -> dict:
        for step in self.steps:
            results = step(results)
        return results

    def content(self, path: str) -> bytes:
        """The file as stored, from where the pipeline takes it."""
        return fileio.get(path, getattr(self.steps[0], 'backend_args', None))

    def turns(self, image: Image.Image, info: dict) -> bool:
        """Whether the pipeline turns files of this format by their EXIF orientation.

        Args:
            image: Any file of the format, opened.
            info: Any item of the data set.
        """
        if image.format not in self._turns:
            self._turns[image.format] = self._turns_probe(image.format, info)
        return self._turns[image.format]

    def _turns_probe(self, kind: str, info: dict) -> bool:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        with tempfile.TemporaryDirectory() as folder:
            file = f'{folder}/wide.{kind.lower()}'
            try:
                Image.new('L', (2, 1)).save(file, kind, exif=exif)
                results = self(dict(info, img_path=file, seg_map_path=file))
            except Exception:  # the loader reads other files
                return False
        read = results['gt_seg_map' if 'gt_seg_map' in results else 'img']
        return read.shape[:2] == (2, 1)


def orientation(image: Image.Image, content: bytes) -> int:
    """The EXIF orientation, 1 for an upright file or one without EXIF.

    Args:
        image: The file, opened.
        content: Bytes of the same file. They spare decoding a PNG that has no EXIF.
    """
    if image.format == 'PNG' and b'eXIf' not in content:
        return 1
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF data, which readers ignore
        return 1


def image_notes(read: Reader, info: dict, image: np.ndarray, labeled: bool) -> Notes:
    """What a readable image loses when it is read.

    Args:
        read: The reader of the image.
        info: Its item of the data set.
        image: The image as read, (H, W) or (H, W, C).
        labeled: Whether it has a label, which must fit.
    """
    content = read.content(info['img_path'])
    notes = _lost_bits(content, image)
    stored = _opened(content)
    if stored is None:
        return notes
    turned = orientation(stored, content)
    if labeled and turned != 1 and read.turns(stored, info):
        notes['turned'] = f'stored turned (EXIF orientation {turned})'
    alpha = stored.mode in ('LA', 'PA', 'RGBA') or 'transparency' in stored.info
    if alpha and image.shape[2:] == (3,):
        if stored.convert('RGBA').getextrema()[3][0] < 255:
            notes['transparent'] = 'partly transparent'
    return notes


def _opened(content: bytes) -> Image.Image | None:
    try:
        return Image.open(io.BytesIO(content))
    except Exception:  # the format or the size is for other readers
        return None


def _lost_bits(content: bytes, image: np.ndarray) -> Notes:
    low, high = image.min(), image.max()
    # Pillow clips 16 bits, where OpenCV scales them
    clipped = high == 255 and (image == 255).mean() > 0.5
    if high - low >= FEW and not clipped:
        return {}
    raw = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None:
        return {}
    top = raw[..., :3].max() if raw.ndim == 3 else raw.max()
    if raw.dtype == np.uint8:
        return dict(dark=f'no value above {high} of 255') if high < DARK else {}
    if top == high:  # nothing is lost
        return {}
    bits = f', {int(top).bit_length()} bits' if raw.dtype == np.uint16 else ''
    becomes = 'clips to 255' if clipped else f'reads as {low} to {high} of 255'
    return dict(bits=f'values up to {top}{bits}, which training {becomes}')


def told(notes: Iterable[tuple[str, Notes]]) -> list[str]:
    """A line for each kind of note: the first file, how many more, the way out.

    Args:
        notes: Files with their notes.
    """
    files = {}
    for path, of_file in notes:
        for kind, text in of_file.items():
            files.setdefault(kind, []).append((path, text))
    lines = []
    for kind, ((path, text), *others) in sorted(files.items()):
        more = f' and {len(others)} more' if others else ''
        lines.append(f'{path}{more}: {text}; {MEANINGS[kind]}')
    return lines


def label_fault(read: Reader, info: dict) -> str | None:
    """What the pipeline silently changes in a label.

    Labels of a user's own loader are not checked.

    Args:
        read: The reader of the label.
        info: Its item of the data set; ``seg_map_path`` is a file that can be read.

    Returns:
        What is wrong and the way out, without the name of the file; or None.
    """
    step = read.steps[0]
    if getattr(type(step), '_load_seg_map', None) is not LoadAnnotations._load_seg_map:
        return None
    content = read.content(info['seg_map_path'])
    stored = _opened(content)
    if stored:
        turned = orientation(stored, content)
        if turned != 1 and not read.turns(stored, info):
            return turned_label(turned)
        if stored.mode == 'P' and step.imdecode_backend != 'pillow':
            return (
                'is a palette image of class indices, which imdecode_backend='
                f'{step.imdecode_backend!r} reads as colors: remove this setting from '
                'LoadAnnotations'
            )
        if stored.mode in ('1', 'L', 'P'):
            return None
    raw = mmcv.imfrombytes(content, flag='unchanged', backend=step.imdecode_backend)
    kept = raw.astype(np.uint8)
    changed = raw != kept
    if not changed.any():
        return None
    value, becomes = raw[changed][0], kept[changed][0]
    return (
        f'has label value {value} ({(raw == value).sum()} pixels), which training '
        f'reads as {becomes}, since labels have 8 bits: write class indices from 0, '
        'and 255 for pixels to ignore'
    )


def turned_label(turned: int) -> str:
    """What is wrong with a label that has an EXIF orientation."""
    return (
        f'is stored turned (EXIF orientation {turned}), but labels are read without '
        'turning: turn the pixels themselves and remove the EXIF data'
    )
