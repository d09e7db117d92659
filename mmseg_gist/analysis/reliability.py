"""How stable an image's pseudo-label is along a path, the reliability of ST++.

See "ST++: Make Self-training Work Better for Semi-supervised Semantic Segmentation",
https://arxiv.org/abs/2106.05095, Sec. 3.3, which takes the models at a third and two
thirds of a training and at its end. Here they are the models of a path's stages, whose
pseudo-labels are there already.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr


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


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's coefficient, in [-1, 1]; equal values share their mean rank."""
    return float(spearmanr(first, second).statistic)


def worst_found(guess: np.ndarray, truth: np.ndarray, share: float = 0.1) -> float:
    """How many of the truly worst images are among the worst by the guess.

    Args:
        guess, truth: Of the same images; lower is worse.
        share: Of the images that count as the worst.

    Returns:
        float: In [0, 1]; ``share`` is what chance would give.
    """
    number = max(1, round(share * len(truth)))
    worst = np.argsort(truth, kind='stable')[:number]
    suspected = np.argsort(guess, kind='stable')[:number]
    return len(np.intersect1d(worst, suspected)) / number
