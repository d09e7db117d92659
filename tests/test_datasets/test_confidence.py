import numpy as np
import pytest

from mmseg_gist.datasets.confidence import (
    class_thresholds,
    histogram,
    kept_shares,
    region_means,
)
from mmseg_gist.datasets.labels import read_label
from mmseg_gist.datasets.pseudo_label import confidence_path
from mmseg_gist.datasets.transforms import LabelErase
from mmseg_gist.evaluation.pseudo_label_writer import write_pseudo_label

PALETTE = [0, 0, 0, 9, 9, 9, 99, 99, 99]


@pytest.fixture
def files(tmp_path):
    """Two pseudo-labels. Class 0 has confidences 10, 20, 30, 40, class 1 has 200,
    200, 250 and class 2 no pixel; one pixel is ignored."""
    labels = [[0, 0, 1, 255]], [[0, 0, 1, 1]]
    confidences = [[10, 30, 200, 77]], [[20, 40, 200, 250]]
    paths = []
    for index, (label, confidence) in enumerate(zip(labels, confidences)):
        paths.append(str(tmp_path / f'{index}.png'))
        arrays = np.array(label, np.uint8), np.array(confidence, np.uint8)
        write_pseudo_label(paths[-1], *arrays, PALETTE)
    return paths


def test_the_pixels_of_each_class_by_confidence(files):
    counts = histogram(files, 3)
    assert counts.shape == (3, 256)
    found = {(int(c), int(b)): int(counts[c, b]) for c, b in zip(*counts.nonzero())}
    assert found == {
        (0, 10): 1, (0, 20): 1, (0, 30): 1, (0, 40): 1, (1, 200): 2, (1, 250): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    'keep, lowest, kept',
    [
        (0.5, (30, 200), dict(all=71.43, classes=[50.0, 100.0, None])),
        (0.51, (20, 200), dict(all=85.71, classes=[75.0, 100.0, None])),
        (0.25, (40, 250), dict(all=28.57, classes=[25.0, 33.33, None])),
        (1.0, (10, 200), dict(all=100.0, classes=[100.0, 100.0, None])),
    ],
)
def test_the_same_share_of_each_class_is_kept(files, keep, lowest, kept):
    counts = histogram(files, 3)
    thresholds = class_thresholds(counts, keep)
    assert thresholds == [round((low - 0.5) / 255, 6) for low in lowest] + [0]
    erase = LabelErase(threshold=thresholds)
    assert kept_shares(counts, erase.limits()) == kept
    # the transform keeps just these pixels
    for file in files:
        path = confidence_path(file)
        label, confidence = read_label(file), read_label(path)
        results = dict(gt_seg_map=label, confidence_path=path, seg_map_path=file)
        erased = erase(results)['gt_seg_map']
        expected = [
            value if value == 255 or sure >= lowest[value] else 255
            for value, sure in zip(label[0].tolist(), confidence[0].tolist())
        ]
        assert erased.tolist() == [expected]


def test_one_threshold_takes_more_of_the_class_that_is_less_sure(files):
    limits = LabelErase(threshold=0.5).limits()
    kept = kept_shares(histogram(files, 3), limits)
    assert kept == dict(all=42.86, classes=[0.0, 100.0, None])


# Class 0 has two regions, of four pixels (connected by corners) and of one.
LABEL = np.array([[0, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0], [0, 1, 1, 1]], np.uint8)
CONFIDENCE = np.array(
    [[10, 21, 90, 90], [60, 80, 30, 90], [70, 90, 50, 41], [200, 80, 90, 70]], np.uint8
)


def test_means_of_regions():
    """By hand: 102 / 4, 200 / 1, and 860 / 11 for class 1."""
    means = region_means(LABEL, CONFIDENCE)
    assert means.dtype == np.uint8
    assert means.tolist() == [
        [26, 26, 78, 78], [78, 78, 26, 78], [78, 78, 78, 26], [200, 78, 78, 78]
    ]  # fmt: skip


def test_regions_stay_or_go_as_a_whole(tmp_path):
    """A fifth of class 0 is its surer region; half of it needs both."""
    file = str(tmp_path / 'a.png')
    write_pseudo_label(file, LABEL, CONFIDENCE, PALETTE)
    counts = histogram([file], 2, regions=True)
    assert {int(c): int(n) for c, n in enumerate(counts[0]) if n} == {26: 4, 200: 1}
    for keep, kept in ((0.5, [100.0, 100.0]), (0.2, [20.0, 100.0])):
        erase = LabelErase(threshold=class_thresholds(counts, keep), regions=True)
        assert kept_shares(counts, erase.limits())['classes'] == kept
        results = dict(gt_seg_map=LABEL, confidence_path=confidence_path(file))
        label = erase(results)['gt_seg_map']
        assert 100 * (label == 0).sum() / 5 == kept[0]
        assert label[3, 0] == 0 and (label == 1).sum() == 11
