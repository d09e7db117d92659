"""Against the paper's Table II, and against all groups one by one."""

from itertools import combinations
from statistics import fmean, pstdev

import pytest

import mmseg_gist  # noqa: F401
from mmseg_gist.analysis.spread import (
    Spread,
    best_of_consecutive_groups,
    best_of_groups,
    is_degenerate,
    spread_of,
)

# RIST on VOC 1/50: path, development, validation mIoU.
TABLE_2 = """
PPLLPLPLL 54.35 66.14
LPPLLLPPL 55.05 66.71
PPLLPPPLP 54.21 66.05
LPLPPLLPL 55.12 67.03
LLLLLPPP 54.43 63.75
PPPPPPLLP 50.43 64.37
PPLLLPLPL 54.00 66.02
LLPLPLLPL 55.19 66.24
LPLPLLPLP 55.29 66.63
LLLPLPPLP 54.88 65.17
PLPLPPPLP 54.64 66.40
LPPLPPLPP 54.46 66.83
LPPLLLLPP 54.67 65.61
LPPPLLLLP 54.82 66.62
LPPPLLPPL 54.64 66.61
"""
ROWS = [line.split() for line in TABLE_2.split('\n') if line]
RESULTS = [(float(dev), float(test)) for _, dev, test in ROWS]


def test_table_2_all_paths():
    over_all = spread_of([test for _, test in RESULTS])
    assert str(over_all) == '66.01 ± 0.93'
    assert over_all.count == 15


def test_table_2_groups_of_five():
    of_five = best_of_consecutive_groups(RESULTS, 5)
    assert str(of_five) == '66.76 ± 0.23'
    assert of_five.count == 3


def test_table_2_degenerate_paths():
    degenerate = [path for path, _, _ in ROWS if is_degenerate(tuple(path))]
    assert degenerate == ['LLLLLPPP', 'PPPPPPLLP']


def test_only_equal_neighbors_make_a_path_degenerate():
    assert not is_degenerate(tuple('LLLLPLLLL'))
    assert is_degenerate(tuple('PLLLLL'))
    assert is_degenerate(('0.5',) * 5)
    assert not is_degenerate(())


def test_the_deviation_is_the_samples():
    # deviations from 3 are 2, 1, 3: (4 + 1 + 9) / 2 = 7
    assert spread_of([1.0, 2.0, 6.0]) == Spread(3.0, pytest.approx(7**0.5), 3)


def test_one_value_has_no_deviation():
    assert spread_of([66.125]) == Spread(66.125, None, 1)
    assert str(spread_of([66.0])) == '66.00'


@pytest.mark.parametrize('size', range(1, 7))
def test_the_best_of_all_groups(size):
    results = RESULTS[4:10]
    best = [max(group)[1] for group in combinations(results, size)]
    assert best_of_groups(results, size) == Spread(
        pytest.approx(fmean(best)),
        pytest.approx(pstdev(best), abs=1e-6),
        len(best),
    )


def test_the_best_of_two_of_three():
    """By hand: groups ab, ac, bc keep a, a, b."""
    kept = best_of_groups([(3.0, 60.0), (2.0, 69.0), (1.0, 90.0)], 2)
    assert kept == Spread(pytest.approx(63.0), pytest.approx(18**0.5), 3)


def test_of_equal_paths_the_first_is_kept():
    results = [(5.0, 60.0), (5.0, 70.0)]
    assert best_of_groups(results, 2).mean == 60.0
    assert best_of_consecutive_groups(results, 2).mean == 60.0


def test_paths_that_do_not_fill_a_group_are_left_out():
    results = [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0), (9.0, 9.0)]
    kept = best_of_consecutive_groups(results, 2)
    assert kept == Spread(3.0, pytest.approx(2**0.5), 2)
