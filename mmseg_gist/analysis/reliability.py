"""Whether a guess at how good the labels of images are ranks them right."""

import numpy as np
from scipy.stats import spearmanr


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
