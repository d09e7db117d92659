import pytest

import mmseg_gist  # noqa: F401
from mmseg_gist.analysis.cost import (
    Cost,
    cost,
    literal_trainings,
    unlabeled_images,
)
from mmseg_gist.self_training.path import ROOT, from_name
from mmseg_gist.self_training.policies import GIST, RIST
from mmseg_gist.self_training.replay import replay


def row(path, iters=10, drawn=None):
    pseudo_labels = {'pseudo_labels': dict(drawn=drawn, unlabeled=100)}
    return dict(path=path, iters=iters) | (pseudo_labels if drawn else {})


def test_each_parent_labels_its_own_images():
    rows = [
        row('0', 1000),
        row('P', 10, 60),
        row('L'),
        row('PP', 20, 70),
        row('LP', 10, 5),
    ]
    assert cost(rows) == Cost(stages=4, iterations=50, labeled=60 + 70 + 5)
    rows[1]['reliability'] = dict(images=50)  # three models label all images
    assert cost(rows) == Cost(stages=4, iterations=50, labeled=3 * 100 + 70 + 5)


def test_children_of_a_parent_share_its_labels():
    rows = [row('0'), row('P', 10, 60), row('0.5', 10, 70), row('B0.5', 10, 20)]
    assert cost(rows).labeled == 100  # of 150 drawn no more than there are
    assert cost(rows[:1] + rows[2:]).labeled == 90


def test_stage_0_costs_nothing_that_differs():
    assert cost([row('0', 1000)]) == Cost(0, 0, 0)
    assert cost([row('0', 1000), row('L')]) == Cost(1, 10, 0)


def test_a_record_without_the_count_does_not_tell():
    assert cost([row('0'), row('P'), row('PP', 10, 5)]) == Cost(2, 20, None)
    assert unlabeled_images([row('0'), row('L')]) is None
    assert unlabeled_images([row('0'), row('L'), row('P', 10, 5)]) == 100


def paths(*names):
    return [from_name(name) for name in names]


def test_taken_literally_each_path_is_trained_by_itself():
    visited = [ROOT, *paths('L', 'LP', 'LPL', 'LPP', 'P')]
    # LPL, LPP and PLL, which failed at P
    assert literal_trainings(visited, paths('LPL', 'LPP', 'PLL')) == 3 + 3 + 1
    assert literal_trainings(visited, None) == 5


@pytest.mark.parametrize('policy, literally', [(GIST(4), 8), (RIST(4, 16), 64)])
def test_of_policies(policy, literally):
    """All 16 paths of four stages have 30 stages, literally 64."""
    scores = {ROOT: 50.0}
    while following := policy(scores):
        scores[following[0]] = 60.0
    visited = replay(policy, scores)
    assert literal_trainings(visited, getattr(policy, 'paths', None)) == literally
    assert len(visited) == (9 if isinstance(policy, GIST) else 31)
