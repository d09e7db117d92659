"""Make the embedded data set: textured shapes on textured backgrounds.

A class is a combination of shape and texture, e.g. a striped disc; neither alone
identifies it. The color is an unreliable hint at the shape; sizes, directions and the
blotched backgrounds carry no information. Only the images that need labels get them.

    python tools/dataset_converters/shapes.py data/shapes
"""

import argparse
import colorsys
from pathlib import Path

import cv2
import numpy as np
from label_files import write_image, write_label, write_list

from mmseg_gist.datasets.parallel import map_files

CORNERS = dict(disc=48, square=4, triangle=3)
HUES = dict(disc=0, square=1 / 3, triangle=2 / 3)
TEXTURES = ('striped', 'checked')
CLASSES = (
    'background',
    *(f'{texture} {shape}' for shape in CORNERS for texture in TEXTURES),
)
PALETTE = [
    [0, 0, 0],
    [230, 25, 75],
    [245, 130, 48],
    [60, 180, 75],
    [70, 240, 240],
    [0, 130, 200],
    [145, 30, 180],
]


def draw_scene(seed: tuple[int, ...], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws an image and its label.

    Args:
        seed: Numbers from which everything in the image follows.
        size: Height and width in pixels.

    Returns:
        Image (size, size, 3) uint8 and label (size, size) uint8 with indices
        into ``CLASSES``.
    """
    rng = np.random.default_rng(seed)
    image = _paint(rng, 'blotched', rng.uniform(), size)
    label = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 4)):
        shape = rng.choice(list(CORNERS))
        texture = rng.choice(TEXTURES)
        mask = _mask(rng, CORNERS[shape], size)
        hue = HUES[shape] + rng.normal(0, 0.08)
        image[mask] = _paint(rng, texture, hue, size)[mask]
        label[mask] = CLASSES.index(f'{texture} {shape}')
    image = cv2.GaussianBlur(image, (3, 3), 0)
    image = image + rng.normal(0, 12, image.shape)
    return image.clip(0, 255).astype(np.uint8), label


def _mask(rng: np.random.Generator, corners: int, size: int) -> np.ndarray:
    """A regular polygon of random place, size and direction, squeezed a bit.

    Its area does not depend on the number of corners.
    """
    turn = rng.uniform(0, 2 * np.pi)
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    area = corners / 2 * np.sin(2 * np.pi / corners)
    radius = rng.uniform(0.2, 0.35) * size * np.sqrt(np.pi / area)
    radii = radius * np.array([1, rng.uniform(0.75, 1)])
    center = rng.uniform(0.15, 0.85, 2) * size
    points = center + radii * np.stack([np.cos(angles), np.sin(angles)], 1)
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
    return mask.astype(bool)


def _paint(rng: np.random.Generator, texture: str, hue: float, size: int) -> np.ndarray:
    """A bright and a dark color in a texture: (size, size, 3) in [0, 255]."""
    bright, dark = (
        np.multiply(255, colorsys.hsv_to_rgb(hue % 1, rng.uniform(0.4, 1), value))
        for value in (rng.uniform(0.7, 1), rng.uniform(0.1, 0.5))
    )
    if texture == 'blotched':
        field = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 2)
    else:
        y, x = np.mgrid[:size, :size]
        turn = rng.uniform(0, 2 * np.pi)
        wave = 2 * np.pi / rng.uniform(7, 11)
        along = np.cos(turn) * x + np.sin(turn) * y
        across = np.cos(turn) * y - np.sin(turn) * x
        field = np.sin(wave * along + rng.uniform(0, 2 * np.pi))
        if texture == 'checked':
            field = field * np.sin(wave * across + rng.uniform(0, 2 * np.pi))
    return np.where(field[..., None] > 0, bright, dark)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('out', type=Path, help='folder to write')
    parser.add_argument('--labeled', type=int, default=24, help='labeled images')
    parser.add_argument('--dev', type=int, default=30, help='development images')
    parser.add_argument('--unlabeled', type=int, default=1200, help='unlabeled images')
    parser.add_argument('--test', type=int, default=80, help='test images')
    parser.add_argument('--size', type=int, default=65, help='height and width')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    jobs = []
    for number, name in enumerate(('labeled', 'dev', 'unlabeled', 'test')):
        ids = [f'{name}_{index:04}' for index in range(getattr(args, name))]
        seeds = [(args.seed, number, index) for index in range(len(ids))]
        jobs += [(name, image_id, seed) for image_id, seed in zip(ids, seeds)]
        write_list(args.out / f'{name}.txt', ids)

    def make(job):
        name, image_id, seed = job
        image, label = draw_scene(seed, args.size)
        folder = 'test' if name == 'test' else 'train'
        write_image(args.out / 'images' / folder / f'{image_id}.png', image)
        if name != 'unlabeled':
            write_label(
                args.out / 'labels' / folder / f'{image_id}.png', label, PALETTE
            )

    map_files(make, jobs)
    print(
        f'{args.out}: {args.labeled} labeled, {args.dev} development, '
        f'{args.unlabeled} unlabeled, {args.test} test images of '
        f'{len(CLASSES)} classes'
    )


if __name__ == '__main__':
    main()
