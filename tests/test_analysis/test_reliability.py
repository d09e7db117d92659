import numpy as np
import pytest

from mmseg_gist.analysis.reliability import (
    image_iou,
    rank_correlation,
    reliability,
    worst_found,
)

A = np.uint8([[0, 0, 1, 1]])
B = np.uint8([[0, 1, 1, 1]])
C = np.uint8([[2, 2, 2, 2]])


def test_iou_over_the_classes_that_either_label_has():
    # class 0: 1 of 2, class 1: 2 of 3, class 2 is in neither
    assert image_iou(A, B, 3) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert image_iou(A, A, 3) == 1
    assert image_iou(A, C, 3) == 0


def test_ignored_pixels_of_the_reference_do_not_count():
    reference = np.uint8([[0, 255, 1, 255]])
    assert image_iou(B, reference, 3) == 1
    assert np.isnan(image_iou(A, np.full_like(A, 255), 3))


def test_reliability_is_the_mean_over_the_earlier_labels():
    first, second = (1 / 2 + 2 / 3) / 2, 1
    assert reliability([B, A, A], 3) == pytest.approx((first + second) / 2)


def test_equal_values_share_a_rank():
    # ranks 1.5, 0, 1.5, 3 and 0, 1, 2, 3: covariance 3, variances 4.5 and 5
    values = np.array([0.3, 0.1, 0.3, 0.9])
    assert rank_correlation(values, np.arange(4)) == pytest.approx(3 / 22.5**0.5)


def test_rank_correlation_sees_the_order_alone():
    values = np.array([0.1, 0.2, 0.5])
    assert rank_correlation(values, values**3) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
    # ranks 0, 1, 2, 3 and 1, 0, 3, 2: 1 - 6 * 4 / (4 * 15)
    other = np.array([0.2, 0.1, 0.4, 0.3])
    assert rank_correlation(np.arange(4), other) == pytest.approx(0.6)


def test_how_many_of_the_worst_are_found():
    truth = np.arange(20) / 20
    assert worst_found(truth, truth) == 1
    guess = truth.copy()
    guess[0] = 1  # one of the two worst is missed
    assert worst_found(guess, truth) == 0.5
