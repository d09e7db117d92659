"""How sure a model was of its pseudo-labels, class by class.

A histogram of pseudo-labels is an int64 array of shape (C, 256): the pixels of
each class, 0..C-1, by their confidence x 255, rounded.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from .labels import read_label
from .output_names import confidence_path


def region_means(label: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The mean confidence of the region of each pixel.

    A region is the pixels of one class that are connected, also by their corners. A
    model is least sure at borders, so single pixels are erased there first; regions are
    erased as a whole.

    Args:
        label (np.ndarray): (H, W) uint8.
        confidence (np.ndarray): (H, W) uint8, confidence x 255.

    Returns:
        np.ndarray: (H, W) uint8, rounded.
    """
    means = np.empty_like(confidence)
    for value in np.unique(label):
        inside = label == value
        _, regions = cv2.connectedComponents(inside.astype(np.uint8))
        regions = regions[inside]  # from 1 on
        sums = np.bincount(regions, weights=confidence[inside])
        means[inside] = np.rint(sums / np.bincount(regions).clip(min=1))[regions]
    return means


def read_confidence(file: str, regions: bool) -> tuple[np.ndarray, np.ndarray]:
    """A pseudo-label and its confidence x 255, both (H, W) uint8.

    Args:
        file: The index PNG, with the confidence beside it.
        regions: Whether it is the mean of each pixel's region, see
            :func:`region_means`.
    """
    label, confidence = read_label(file), read_label(confidence_path(file))
    return label, region_means(label, confidence) if regions else confidence


def histogram(
    files: Sequence[str], num_classes: int, regions: bool = False
) -> np.ndarray:
    """The histogram of pseudo-labels.

    Args:
        files: Their index PNGs, with the confidences beside them.
        num_classes: C. Labels from C on are left out.
        regions: See :func:`read_confidence`.

    Returns:
        np.ndarray: See above.
    """
    total = np.zeros(num_classes * 256, np.int64)
    with ThreadPoolExecutor() as pool:
        for counts in pool.map(lambda file: _count(file, num_classes, regions), files):
            total += counts
    return total.reshape(num_classes, 256)


def _count(file: str, num_classes: int, regions: bool) -> np.ndarray:
    label, confidence = read_confidence(file, regions)
    label = label.astype(np.int64)
    pairs = (label * 256 + confidence)[label < num_classes]
    return np.bincount(pairs, minlength=num_classes * 256)


def class_thresholds(counts: np.ndarray, keep: float) -> list[float]:
    """The least confidence that is kept, for each class.

    Args:
        counts: A histogram.
        keep: The share of the pixels of each class to keep, in (0, 1]. Pixels of the
            same confidence are kept together, so more may be kept.

    Returns:
        list[float]: A threshold per class, in [0, 1], halfway between two of the
        confidences that a file can hold; 0 for a class without a pixel.
    """
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1]  # pixels at least as sure
    enough = above >= keep * above[:, :1]
    last = enough.sum(axis=1) - 1  # `enough` holds up to the limit
    limits = np.where(above[:, 0] > 0, last - 0.5, 0).clip(min=0)
    return (limits / 255).round(6).tolist()


def kept_shares(counts: np.ndarray, limits: np.ndarray) -> dict:
    """The shares of pseudo-labels that label erase keeps.

    Args:
        counts: A histogram.
        limits: The least confidence x 255 that is kept, (C, ) or longer.

    Returns:
        dict: ``all`` (float) and ``classes`` (list of float, None for a class
        without a pixel), in percent of the pixels before.
    """
    kept = counts * (np.arange(256) >= limits[: len(counts), None])
    classes = [
        round(100 * part / whole, 2) if whole else None
        for part, whole in zip(kept.sum(axis=1).tolist(), counts.sum(axis=1).tolist())
    ]
    share = 100 * kept.sum() / max(counts.sum(), 1)
    return dict(all=round(float(share), 2), classes=classes)
