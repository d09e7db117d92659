import numpy as np
import pytest

from mmseg_gist.analysis.noise import Noise, last_within_one_error, resample
from mmseg_gist.self_training.path import ROOT, from_name, to_name


def of_one_class(*percent):
    """IoU of each image, all of 100 pixels, in percent: mIoU is their mean."""
    return np.array([[[value, 100, 100]] for value in percent])


def test_the_error_of_a_mean_is_that_of_the_formula():
    """Over all draws it is the population's deviation / sqrt(N): 30 / sqrt(4)."""
    drawn = resample(of_one_class(20, 80, 80, 20)[None], draws=20000, seed=0)
    assert drawn.shape == (20000, 1)
    assert drawn.mean() == pytest.approx(50, abs=0.5)
    assert drawn.std() == pytest.approx(15, rel=0.02)
    assert set(np.unique(drawn)) == {20, 35, 50, 65, 80}


def test_all_stages_see_the_same_images():
    ours, theirs = of_one_class(20, 80, 50), of_one_class(30, 90, 60)
    drawn = resample(np.stack([ours, theirs]), draws=100, seed=0)
    assert drawn[:, 1] - drawn[:, 0] == pytest.approx(10)
    assert drawn.std(0)[0] > 5


def test_sums_are_divided_and_not_averaged():
    """Images of 10 and 90 pixels, IoU 100 and 0: 10 of 100, 10 of 10, 0 of 90."""
    areas = np.array([[[10, 10, 10]], [[0, 90, 90]]])
    assert set(np.unique(resample(areas[None], 50, seed=0))) == {0, 10, 100}


def test_classes_that_no_label_of_a_draw_has_do_not_count():
    """The second class is in the second image alone; in the first it is predicted."""
    first, second = [[40, 100, 60], [0, 40, 0]], [[80, 100, 90], [5, 10, 10]]
    drawn = resample(np.array([[first, second]]), 50, seed=0)
    # both; the first alone: 40 / 100; the second alone: 80 / 100 and 5 / 10
    both = (120 / 200 + 5 / 50) / 2 * 100
    assert np.unique(drawn) == pytest.approx([both, 40, 65])


def test_the_seed_decides():
    areas = of_one_class(*range(0, 100, 7))[None]
    first = resample(areas, 10, seed=0)
    assert (first == resample(areas, 10, seed=0)).all()
    assert (first != resample(areas, 10, seed=1)).any()


def named(values):
    return {from_name(name): value for name, value in values.items()}


def chosen(scores, errors):
    return to_name(last_within_one_error(named(scores), named(errors)))


def test_the_last_stage_within_one_error_of_the_best():
    scores = dict(L=60.0, LP=59.0, LPL=58.0, LPLP=55.0)
    assert chosen(scores, dict(L=0, LP=1, LPL=1.5, LPLP=4)) == 'LP'  # 1, 2, 5 below
    assert chosen(scores, dict(L=0, LP=0.9, LPL=2.0, LPLP=4)) == 'LPL'
    assert chosen(scores, dict(L=0, LP=0.9, LPL=1.9, LPLP=4)) == 'L'
    # of equally deep ones the higher, then the first by name
    assert chosen(dict(P=60.0, PP=58.0, LL=59.0), dict(P=0, PP=3, LL=3)) == 'LL'
    assert chosen(dict(P=60.0, PP=59.0, LL=59.0), dict(P=0, PP=3, LL=3)) == 'LL'


def test_stages_with_their_errors():
    """P is 10 below on one image of four, PL 2 below on each."""
    areas = {
        ROOT: of_one_class(20, 80, 80, 20),
        from_name('P'): of_one_class(10, 80, 80, 20),
        from_name('PL'): of_one_class(18, 78, 78, 18),
    }
    noise = Noise(areas, draws=20000, seed=0)
    assert noise.scores == named({'0': 50.0, 'P': 47.5, 'PL': 48.0})
    assert noise.own == pytest.approx(
        # deviations: 30, sqrt((37.5^2 + 2 x 32.5^2 + 27.5^2) / 4) and 30
        named({'0': 15, 'P': 32.6917 / 2, 'PL': 15}),
        rel=0.02,
    )
    # of 10, 0, 0, 0: sqrt(3) x 2.5
    assert noise.to_best == pytest.approx(
        named({'0': 0, 'P': 3**0.5 * 2.5 / 2, 'PL': 0}), rel=0.02, abs=1e-9
    )
    assert (noise.best, noise.last) == (ROOT, ROOT)  # 2.5 is more than 2.17
