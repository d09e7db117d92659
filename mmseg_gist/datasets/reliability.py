"""How stable an image's pseudo-label is from model to model, the reliability of ST++.

See "ST++: Make Self-training Work Better for Semi-supervised Semantic Segmentation",
https://arxiv.org/abs/2106.05095, Sec. 3.3. The models are those at a third and two
thirds of a training and at its end, or those of a path's stages.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmseg_gist.utils import atomic_path

from .labels import read_label


def image_iou(label: np.ndarray, reference: np.ndarray, num_classes: int) -> float:
    """Mean IoU of two labels of one image, over the classes that either has.

    Args:
        label: (H, W) uint8, class indices.
        reference: (H, W) uint8; values from ``num_classes`` on are left out.
        num_classes: Number of classes.

    Returns:
        float: In [0, 1]; nan where ``reference`` has nothing but values left out.
    """
    counted = reference < num_classes
    label, reference = label[counted], reference[counted]
    both = np.bincount(label[label == reference], minlength=num_classes)
    either = (
        np.bincount(label, minlength=num_classes)
        + np.bincount(reference, minlength=num_classes)
        - both
    )
    there = either > 0
    return float((both[there] / either[there]).mean()) if there.any() else np.nan


def reliability(labels: Sequence[np.ndarray], num_classes: int) -> float:
    """Mean of the IoU of each earlier label of an image with its last one.

    Args:
        labels: By two or more models, from the first to the last, each (H, W) uint8.
        num_classes: Number of classes.

    Returns:
        float: In [0, 1]; 1 where all models agree on every pixel.
    """
    *earlier, last = labels
    return float(np.mean([image_iou(label, last, num_classes) for label in earlier]))


def reliabilities(
    by_model: Sequence[Mapping[str, str]], images: Iterable[str], num_classes: int
) -> dict[str, float]:
    """:func:`reliability` of many images, computed in threads.

    Args:
        by_model: The PNG of each image's label, from the first model to the last.
        images: The images to compare; all models have labeled them.
        num_classes: Number of classes.

    Returns:
        dict: The reliability by image, in the order of ``images``.
    """
    images = list(images)

    def measure(image: str) -> float:
        return reliability(
            [read_label(files[image]) for files in by_model], num_classes
        )

    with ThreadPoolExecutor() as pool:
        return dict(zip(images, pool.map(measure, images)))


def write_list(rows: Sequence[dict], file) -> None:
    """Writes a list of images, the least reliable first: those to label next.

    Args:
        rows: One per image, with ``image`` (its path), ``reliability`` and any other
            columns.
        file: The CSV file to write.
    """
    rows = sorted(rows, key=lambda row: row['reliability'])
    with atomic_path(file) as temporary, open(temporary, 'w', newline='') as text:
        writer = csv.DictWriter(text, rows[0], lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)


def read_list(file) -> dict[str, float]:
    """The reliability by image, the least reliable first."""
    with open(file, newline='') as text:
        return {row['image']: float(row['reliability']) for row in csv.DictReader(text)}
