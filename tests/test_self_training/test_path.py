import itertools
import json
import re

import pytest

from mmseg_gist.self_training.path import (
    ROOT,
    alpha_of,
    from_name,
    mix_of,
    to_name,
    uses_labels,
    uses_pseudo_labels,
)
from mmseg_gist.utils import UserError

MIXES = ('L', 'P', '0.25', '0.5', '0.000001', 'B0.5', 'B0.25')


@pytest.mark.parametrize(
    'path, name',
    [
        (ROOT, '0'),
        (('L',), 'L'),
        (tuple('LPLLP'), 'LPLLP'),
        (('0.25', '0.25'), '0.25-0.25'),
        (('L', '0.25', 'P', 'L'), 'L-0.25-PL'),
        (('B0.5', 'L', 'P', 'B0.5'), 'B0.5-LP-B0.5'),
    ],
)
def test_names(path, name):
    assert to_name(path) == name
    assert from_name(name) == path


def test_every_path_comes_back_from_a_name_of_its_own():
    paths = [
        path for length in range(5) for path in itertools.product(MIXES, repeat=length)
    ]
    names = {to_name(path): path for path in paths}
    assert len(names) == len(paths) == 1 + 7 + 49 + 343 + 2401
    for name, path in names.items():
        assert from_name(name) == path
        assert re.fullmatch(r'[LPB0-9.-]+', name)  # it is a folder's name too


@pytest.mark.parametrize(
    'name',
    ['', 'X', 'LXP', 'lp', 'L-P', 'L P', 'L0.5', '0.5L', '0.5-', '-L', '1', '0.', '.5']
    + ['1.5', '00', '0-L', '0L', 'B', 'B1', 'LB0.5', 'L/P', 'LPé', 'L\n', '-0.5']
    # numbers that are written otherwise would be a second name of a mix
    + ['0.0', '0.50', 'B0.0', '0.25-0.250', '0.1234567'],
)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UserError) as error:
        from_name(name)
    assert '\n' not in str(error.value)
    assert str(error.value) == (
        f'{json.dumps(name)} is not a path: use the letters L and P, such as '
        'LPLLP, and numbers separated by "-", such as 0.25-0.25'
    )


@pytest.mark.parametrize(
    'alpha, mix',
    [
        (1, 'L'),
        (0, 'P'),
        (1.0, 'L'),
        (0.5, '0.5'),
        (0.25, '0.25'),
        (0.1 + 0.2, '0.3'),
        (1 / 3, '0.333333'),
        (0.00001, '0.00001'),
        (1e-7, 'P'),
        (1 - 1e-7, 'L'),
    ],
)
def test_mix_of_alpha(alpha, mix):
    assert mix_of(alpha) == mix
    assert alpha_of(mix) == pytest.approx(alpha, abs=1e-6)


@pytest.mark.parametrize('alpha', [-0.1, 1.1, float('nan')])
def test_alpha_outside_of_0_to_1_is_refused(alpha):
    with pytest.raises(UserError) as error:
        mix_of(alpha)
    assert str(error.value) == f'alpha = {alpha!r} is not a number in [0, 1]'


@pytest.mark.parametrize(
    'mix, alpha, labels, pseudo',
    [
        ('L', 1.0, True, False),
        ('P', 0.0, False, True),
        ('0.25', 0.25, True, True),
        ('B0.5', None, True, True),
    ],
)
def test_what_a_mix_means(mix, alpha, labels, pseudo):
    assert alpha_of(mix) == alpha
    assert uses_labels(mix) is labels
    assert uses_pseudo_labels(mix) is pseudo
