import numpy as np
import pytest

from mmseg_gist.analysis.reliability import rank_correlation, worst_found


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
