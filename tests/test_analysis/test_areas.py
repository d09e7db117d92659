import numpy as np
import torch
from mmseg.evaluation import IoUMetric

import mmseg_gist  # noqa: F401
from mmseg_gist.analysis.areas import draw_subsets, mean_iou


def test_mean_iou_by_hand():
    """IoU 30/80 and 10/20; the third class is nowhere."""
    first = [[20, 50, 40], [10, 10, 10], [0, 0, 0]]
    second = [[10, 30, 20], [0, 10, 0], [0, 0, 0]]
    assert mean_iou(np.array([first, second])) == 43.75


def test_a_class_that_is_only_predicted_does_not_count():
    assert mean_iou(np.array([[[5, 10, 7], [0, 7, 0]]])) == 50.0


def test_mean_iou_is_that_of_mmseg():
    rng = np.random.default_rng(0)
    union = rng.integers(1, 5000, (20, 7))
    union[:, 3] = 0
    intersection = (union * rng.random((20, 7))).astype(int)
    areas = np.stack([intersection, union, union], -1)
    metrics = IoUMetric.total_area_to_metrics(
        *torch.tensor(areas.sum(0), dtype=torch.float64).T, torch.tensor(union.sum(0))
    )
    expected = np.round(np.nanmean(metrics['IoU']) * 100, 2)
    assert mean_iou(areas) == expected


def test_subsets_are_drawn_without_repeats():
    subsets = draw_subsets(10, 50, 20, seed=0)
    assert len(subsets) == 20
    assert all(len(set(subset)) == 10 and max(subset) < 50 for subset in subsets)
    assert all(subset == sorted(subset) for subset in subsets)
    assert len(set(map(tuple, subsets))) == 20
    assert draw_subsets(10, 50, 20, seed=0) == subsets
    assert draw_subsets(10, 50, 20, seed=1) != subsets
    assert draw_subsets(10, 50, 5, seed=0) == subsets[:5]


def test_all_images_are_drawn_once():
    assert draw_subsets(4, 4, 20, seed=0) == [[0, 1, 2, 3]]
