import random

import pytest

import mmseg_gist  # noqa: F401
from mmseg_gist.self_training.path import ROOT, from_name, to_name
from mmseg_gist.self_training.policies import FIST, GIST, RIST, FixedPath, PolicySet
from mmseg_gist.self_training.replay import replay
from mmseg_gist.utils import UserError


def scores(**by_name):
    return {ROOT: 50.0} | {from_name(name): score for name, score in by_name.items()}


def names(policy, recorded):
    return [to_name(path) for path in replay(policy, recorded)]


def test_a_search_is_replayed_in_a_record_that_holds_more():
    """Best first P, then PL; LP and LL are another policy's, and far better."""
    recorded = scores(L=52, P=55, LP=99, LL=98, PP=53, PL=54, PLP=1, PLL=2, LPL=99)
    assert names(GIST(2), recorded) == ['0', 'P', 'L', 'PP', 'PL']
    assert names(GIST(3), recorded) == ['0', 'P', 'L', 'PP', 'PL', 'PLP', 'PLL']
    assert names(FixedPath('LPL'), recorded) == ['0', 'L', 'LP', 'LPL']


def test_the_order_is_the_policys_not_the_records():
    policy = RIST(num_stages=3, num_paths=2, seed=0)
    assert [''.join(path) for path in policy.paths] == ['PLL', 'LPL']
    recorded = scores(LPL=1, LP=2, L=3, PLL=4, PL=5, P=6)
    assert names(policy, recorded) == ['0', 'P', 'L', 'PL', 'LP', 'PLL', 'LPL']


def test_a_failed_stage_ends_its_path():
    assert names(FixedPath('LPL'), scores(L=51, LP=None)) == ['0', 'L', 'LP']
    assert names(GIST(1), scores(L=None, P=None)) == ['0', 'P', 'L']


def test_a_missing_stage_is_named():
    with pytest.raises(UserError) as error:
        replay(FIST(num_stages=3, alpha=0.5), scores(**{'0.5': 51, 'L': 52}))
    assert str(error.value) == (
        'stage 0.5-0.5 is not in the record; train it by resuming the run with '
        'this policy'
    )
    with pytest.raises(UserError, match='stage 0 is not in the record'):
        replay(GIST(1), {})


@pytest.mark.parametrize('seed', range(5))
def test_each_policy_of_a_set_is_as_in_a_run_of_its_own(seed):
    score = random.Random(seed).random
    policy = PolicySet(
        dict(
            gist=dict(type='GIST', num_stages=4),
            wide=dict(type='GIST', num_stages=4, beam_size=2),
            rist=dict(type='RIST', num_stages=4, num_paths=3, seed=seed),
        )
    )
    recorded = {ROOT: 0.5}
    while following := policy(recorded):
        recorded[following[0]] = score()
    visited = {name: replay(p, recorded) for name, p in policy.policies.items()}
    assert set(sum(visited.values(), [])) == set(recorded)
    for name, each in policy.policies.items():
        alone = {ROOT: 0.5}
        while following := each(alone):
            alone[following[0]] = recorded[following[0]]
        assert set(visited[name]) == set(alone)
