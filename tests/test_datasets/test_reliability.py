import numpy as np
import pytest

from mmseg_gist.datasets.reliability import image_iou, reliability

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
