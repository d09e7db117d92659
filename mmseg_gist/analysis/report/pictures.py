"""Small pictures as data URIs, which a self-contained page can hold."""

import base64
from collections.abc import Sequence
from io import BytesIO

import mmcv
import numpy as np
from matplotlib import colormaps
from PIL import Image

WIDTH = 320  # pixels, no picture is wider
NOTHING = 255  # the label that is shown as the photograph below it


def photo(file: str) -> str:
    """A JPEG of a photograph, upright and in 8 bits as the models see it."""
    image = Image.fromarray(mmcv.imread(file, channel_order='rgb'))
    return _uri(_fit(image, Image.Resampling.BILINEAR), 'jpeg')


def label(array: np.ndarray, palette: Sequence[Sequence[int]]) -> str:
    """A PNG of pure class colors, transparent at ignored pixels.

    Args:
        array: (H, W) uint8, class indices; others are ignored pixels.
        palette: R, G, B of each class, 0 to 255.
    """
    array = np.where(array < len(palette), array, NOTHING).astype(np.uint8)
    image = Image.fromarray(array)
    colors = [channel for color in palette for channel in color]
    image.putpalette(colors + [0] * (768 - len(colors)))
    image = _fit(image, Image.Resampling.NEAREST)
    return _uri(image, 'png', transparency=NOTHING, optimize=True)


def confidence(array: np.ndarray) -> str:
    """A JPEG of confidences: dark blue is 0, yellow is 1.

    The color map is matplotlib's cividis, which looks alike to people with and
    without red-green blindness.

    Args:
        array: (H, W) uint8, probability x 255.
    """
    image = _fit(Image.fromarray(array), Image.Resampling.BILINEAR)
    colors = colormaps['cividis'](np.asarray(image), bytes=True)[..., :3]
    return _uri(Image.fromarray(colors), 'jpeg')


def _fit(image: Image.Image, method: Image.Resampling) -> Image.Image:
    if image.width <= WIDTH:
        return image
    height = max(1, round(image.height * WIDTH / image.width))
    return image.resize((WIDTH, height), method)


def _uri(image: Image.Image, kind: str, **options) -> str:
    file = BytesIO()
    image.save(file, kind, **({'quality': 70} if kind == 'jpeg' else options))
    return f'data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}'
