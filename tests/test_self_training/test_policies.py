import random
import re

import pytest

import mmseg_gist  # noqa: F401
from mmseg_gist.self_training.path import ROOT, to_name
from mmseg_gist.self_training.policies import (
    FIST,
    GIST,
    RIST,
    BatchwiseRandom,
    FixedPath,
    PolicySet,
)
from mmseg_gist.self_training.record import Record
from mmseg_gist.self_training.registry import POLICIES
from mmseg_gist.utils import UserError


def names(paths):
    return [to_name(path) for path in paths]


def run(policy, score, root=50.0):
    """Trains what a policy asks for, one stage at a time, as a run does.

    Returns the names of the stages after stage 0, in the order of training, and
    the record's best.
    """
    scores = {ROOT: root}
    while following := policy(scores):
        assert len(set(following)) == len(following)
        path = following[0]
        assert path not in scores
        assert scores[path[:-1]] is not None
        scores[path] = score(to_name(path))
    record = Record('unused', {})
    record.stages = [
        dict(
            path=to_name(path),
            status='failed' if value is None else 'finished',
            dev=dict(mIoU=value),
        )
        for path, value in scores.items()
    ]
    return names(scores)[1:], to_name(record.best)


def constant(name):
    return 60.0


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    'cfg, expected',
    [
        (dict(type='FixedPath', path='LPLLP'), 'L LP LPL LPLL LPLLP'),
        (dict(type='FixedPath', path='L-0.25-P'), 'L L-0.25 L-0.25-P'),
        (dict(type='FixedPath', path='0'), ''),
        (dict(type='FIST', num_stages=3, alpha=0.5), '0.5 0.5-0.5 0.5-0.5-0.5'),
        (dict(type='FIST', num_stages=2, alpha=0), 'P PP'),
        (dict(type='FIST', num_stages=2, alpha=1.0), 'L LL'),
        (dict(type='BatchwiseRandom', num_stages=2), 'B0.5 B0.5-B0.5'),
        (dict(type='BatchwiseRandom', num_stages=1, probability=0.3), 'B0.3'),
    ],
)
def test_one_path_is_trained_stage_by_stage(cfg, expected):
    trained, _ = run(POLICIES.build(cfg), constant)
    assert trained == expected.split()


def test_a_failed_stage_ends_its_path():
    trained, _ = run(FixedPath('LPLLP'), lambda name: None if name == 'LP' else 60.0)
    assert trained == ['L', 'LP']


def test_a_failed_stage_ends_its_path_and_no_other():
    policy = RIST(num_stages=3, num_paths=8)  # all there are
    trained, _ = run(policy, lambda name: None if name == 'LP' else 60.0)
    assert len(trained) == 14 - 4 + 2
    assert not [name for name in trained if name.startswith('LP') and name != 'LP']


def test_the_best_is_the_best_over_all_stages():
    scores = dict(L=55, LP=61, LPL=58)
    assert run(FixedPath('LPL'), scores.get) == (['L', 'LP', 'LPL'], 'LP')
    assert run(FixedPath('LPL'), scores.get, root=61.5)[1] == '0'
    # equal to a longer path, and to stage 0
    assert run(FixedPath('LPL'), lambda name: 70 - (name == 'L'))[1] == 'LP'
    assert run(FixedPath('LPL'), constant, root=60)[1] == '0'


# ----------------------------------------------------------------- RIST


def path_names(**kwargs):
    return [''.join(path) for path in RIST(**kwargs).paths]


def test_rist_walks_its_paths_and_trains_a_shared_start_once():
    policy = RIST(num_stages=4, num_paths=5, seed=3)
    expected = {path[:n] for path in policy.paths for n in range(1, 5)}
    trained, _ = run(policy, constant)
    assert sorted(trained) == sorted(names(expected))
    assert len(expected) < 20  # some start is shared
    # the paths grow side by side: what is asked for has no order of its own
    assert policy({ROOT: 1.0}) == list(dict.fromkeys(p[:1] for p in policy.paths))


def test_rist_is_a_function_of_its_seed():
    assert path_names(num_stages=9, seed=5) == path_names(num_stages=9, seed=5)
    assert len({tuple(path_names(num_stages=9, seed=s)) for s in range(20)}) == 20
    # on any machine and in any later version
    assert path_names(num_stages=9) == ['PLLPLLLPP', 'LPLPLLPLP']


def test_rist_draws_l_with_its_probability():
    for probability in (0.1, 0.5, 0.8):
        letters = ''.join(
            path_names(num_stages=20, num_paths=1, probability=probability, seed=s)[0]
            for s in range(500)
        )
        share = letters.count('L') / 10000
        assert share == pytest.approx(probability, abs=0.02)  # 4 deviations


def test_rist_draws_each_stage_and_path_by_itself():
    pairs = [path_names(num_stages=2, num_paths=1, seed=s)[0] for s in range(2000)]
    for pair in ('LL', 'LP', 'PL', 'PP'):
        assert pairs.count(pair) / 2000 == pytest.approx(0.25, abs=0.04)
    firsts = [
        ''.join(path[0] for path in path_names(num_stages=9, seed=s))
        for s in range(2000)
    ]
    for pair in ('LL', 'LP', 'PL', 'PP'):
        assert firsts.count(pair) / 2000 == pytest.approx(0.25, abs=0.04)


def test_rist_with_probability_0_or_1_has_one_path():
    assert path_names(num_stages=3, num_paths=1, probability=1) == ['LLL']
    assert path_names(num_stages=3, num_paths=1, probability=0) == ['PPP']


@pytest.mark.parametrize('max_run', [1, 2, 4])
def test_rist_keeps_runs_short(max_run):
    paths = [
        path
        for seed in range(200)
        for path in path_names(num_stages=12, max_run=max_run, seed=seed)
    ]
    lengths = [len(run) for path in paths for run in re.findall('L+|P+', path)]
    assert max(lengths) == max_run


def test_rist_replaces_the_letter_that_makes_a_run_too_long():
    kwargs = dict(num_stages=9, num_paths=1)
    assert path_names(probability=1, max_run=4, **kwargs) == ['LLLLPLLLL']
    assert path_names(probability=0, max_run=2, **kwargs) == ['PPLPPLPPL']
    # and no other: up to there a path is that without a limit
    for seed in range(100):
        (free,) = path_names(seed=seed, **kwargs)
        (kept,) = path_names(seed=seed, max_run=4, **kwargs)
        assert kept == free or 'LLLLL' in free or 'PPPPP' in free


def test_rist_never_repeats_a_path():
    paths = path_names(num_stages=3, num_paths=8, seed=1)
    assert len(set(paths)) == 8
    for seed in range(50):
        assert set(path_names(num_stages=1, num_paths=2, seed=seed)) == {'L', 'P'}


def test_more_paths_leave_the_others_as_they_are():
    for seed in range(50):
        ten = path_names(num_stages=9, num_paths=10, seed=seed)
        assert path_names(num_stages=9, num_paths=3, seed=seed) == ten[:3]


def test_more_stages_lengthen_the_paths():
    """As long as no shorter path was a repeat, which nine stages seldom are."""
    for seed in range(50):
        long = path_names(num_stages=20, num_paths=2, seed=seed)
        for length in range(1, 20):
            (first, *_) = path_names(num_stages=length, num_paths=1, seed=seed)
            assert long[0].startswith(first)
        assert [path[:9] for path in long] == path_names(num_stages=9, seed=seed)


# ----------------------------------------------------------------- GIST


def algorithm_1(score, num_stages, beam_size):
    """The paper's Algorithm 1, written out: all trainings, stage by stage."""
    kept, trainings = [''], []
    for _ in range(num_stages):
        candidates = []
        for model in kept:
            for letter in ('P', 'L'):
                candidates.append((score(model + letter), model + letter))
        trainings.append([name for _, name in candidates])
        kept = []
        while candidates and len(kept) < beam_size:
            best = candidates[0]
            for candidate in candidates[1:]:
                if candidate[0] > best[0]:
                    best = candidate
            candidates.remove(best)
            kept.append(best[1])
    return trainings


def random_scores(seed, values):
    """A made-up development mIoU for each path, one of a few if it is to tie."""

    def score(name):
        return random.Random(f'{seed}/{name}').randrange(values) / 7

    return score


@pytest.mark.parametrize('beam_size', [1, 2, 3, 5])
@pytest.mark.parametrize('values', [2, 5, 10**6])
def test_gist_is_algorithm_1(beam_size, values):
    for seed in range(10):
        score = random_scores(seed, values)
        stages = algorithm_1(score, 6, beam_size)
        trained, best = run(GIST(6, beam_size), score, root=-1.0)
        assert trained == [name for stage in stages for name in stage]
        highest = max(score(name) for name in trained)
        ties = [name for name in trained if score(name) == highest]
        first = min(ties, key=lambda name: (len(name), name))
        assert best == first


@pytest.mark.parametrize(
    'beam_size, trainings',
    [(1, [2] * 9), (2, [2] + [4] * 8), (3, [2, 4] + [6] * 7), (4, [2, 4] + [8] * 7)],
)
def test_gist_trains_2g_stages_a_stage(beam_size, trainings):
    """Table IV's search cost; the first stages have fewer models to start from."""
    trained, _ = run(GIST(9, beam_size), random_scores(0, 10**6))
    depths = [len(name) for name in trained]
    assert [depths.count(depth) for depth in range(1, 10)] == trainings
    assert depths == sorted(depths)


def test_gist_asks_for_the_stages_that_can_be_trained_side_by_side():
    policy = GIST(num_stages=2, beam_size=2)
    assert names(policy({ROOT: 1})) == ['P', 'L']
    assert names(policy({ROOT: 1, ('P',): 2})) == ['L']
    scores = {ROOT: 1, ('L',): 3, ('P',): 2}
    assert names(policy(scores)) == ['LP', 'LL', 'PP', 'PL']
    assert policy.__dict__ == GIST(num_stages=2, beam_size=2).__dict__  # no state


def test_gist_follows_the_better_letter():
    scores = dict(P=60, L=55, PP=50, PL=58, PLP=59, PLL=57)
    trained, best = run(GIST(3), scores.get)
    assert trained == ['P', 'L', 'PP', 'PL', 'PLP', 'PLL']
    assert best == 'P'  # though the beam ends in PLP


def test_gist_keeps_the_first_of_equal_stages():
    assert run(GIST(3), constant)[0] == ['P', 'L', 'PP', 'PL', 'PPP', 'PPL']
    # L leads the beam, so of its children and those of P hers stay
    trained, _ = run(GIST(3, 2), lambda name: 61.0 if name == 'L' else 60.0)
    assert trained[:6] == ['P', 'L', 'LP', 'LL', 'PP', 'PL']
    assert trained[6:] == ['LPP', 'LPL', 'LLP', 'LLL']


def test_both_kept_stages_may_have_one_parent():
    scores = dict(P=60, L=50, PP=40, PL=41, LP=70, LL=71)
    trained, _ = run(GIST(3, 2), lambda name: scores.get(name, 0))
    assert trained[6:] == ['LLP', 'LLL', 'LPP', 'LPL']


def test_gist_goes_on_without_a_failed_stage():
    scores = dict(P=None, L=10, LP=20, LL=None, LPP=1, LPL=2)
    trained, best = run(GIST(3), scores.get, root=5)
    assert trained == ['P', 'L', 'LP', 'LL', 'LPP', 'LPL']
    assert best == 'LP'


def test_gist_ends_where_all_children_failed():
    trained, best = run(GIST(5, 2), lambda name: None if len(name) == 2 else 60.0)
    assert trained == ['P', 'L', 'PP', 'PL', 'LP', 'LL']
    assert best == 'L'  # of equal ones the first in the record


# ------------------------------------------------- GIST with longer moves


def look_ahead(num_stages=4, beam_size=1):
    return GIST(num_stages, beam_size, moves=['PL', 'LL'])


def test_a_stage_on_pseudo_labels_is_judged_by_the_stage_after_it():
    # P costs points and the L after it more than wins them back, as on VOC-animals
    scores = dict(P=58, L=62, PL=64, LL=63, PLP=60, PLL=63, PLPL=68, PLLL=64)
    trained, best = run(look_ahead(), scores.get, root=61)
    assert trained == ['P', 'PL', 'L', 'LL', 'PLP', 'PLPL', 'PLL', 'PLLL']
    assert best == 'PLPL'
    # one stage ahead P is never taken, for as many stages
    greedy, best = run(GIST(4), lambda name: scores.get(name, 62 - name.count('P')))
    assert len(greedy) == len(trained)
    assert (greedy[-1], best) == ('LLLL', 'LL')


def test_moves_that_start_alike_share_their_stages():
    policy = GIST(4, moves=['PL', 'LP', 'LL'])
    scores = dict(P=50, L=90, PL=63, LP=64, LL=61)  # L itself is not compared
    trained, best = run(policy, lambda name: scores.get(name, 60))
    assert trained == ['P', 'PL', 'L', 'LP', 'LL', 'LPP', 'LPPL', 'LPL', 'LPLP', 'LPLL']
    assert best == 'L'  # but it counts


def test_a_beam_of_moves_asks_for_what_can_be_trained_side_by_side():
    policy = look_ahead(beam_size=2)
    assert names(policy({ROOT: 1})) == ['P', 'L']
    assert names(policy({ROOT: 1, ('P',): 2})) == ['PL', 'L']
    scores = {ROOT: 1, ('L',): 3, ('P',): 2, ('P', 'L'): 4, ('L', 'L'): 5}
    assert names(policy(scores)) == ['LLP', 'LLL', 'PLP', 'PLL']
    trained, _ = run(policy, constant)
    depths = sorted(map(len, trained))
    assert depths == [1] * 2 + [2] * 2 + [3] * 4 + [4] * 4


def test_a_move_ends_where_its_stage_failed():
    scores = dict(P=None, L=50, LL=40, LLP=None, LLL=30, LLLL=20)
    assert run(look_ahead(), scores.get, root=60) == (list(scores), '0')


# ------------------------------------------------------------ PolicySet


def policy_set(**policies):
    return PolicySet(policies)


def test_a_set_trains_what_its_policies_would_each_stage_once():
    policies = dict(
        one=dict(type='FixedPath', path='LPL'),
        other=dict(type='FixedPath', path='LPP'),
        mixed=dict(type='FIST', num_stages=2, alpha=0.5),
    )
    trained, best = run(policy_set(**policies), lambda name: 60.0 + (name == 'LPP'))
    assert trained == ['L', 'LP', 'LPL', 'LPP', '0.5', '0.5-0.5']
    assert best == 'LPP'


def test_a_set_asks_for_each_stage_once():
    asked = policy_set(
        gist=dict(type='GIST', num_stages=2),
        letters=dict(type='FixedPath', path='L'),
        mixed=dict(type='FIST', num_stages=1, alpha=0.5),
    )({ROOT: 50.0})
    assert names(asked) == ['P', 'L', '0.5']


@pytest.mark.parametrize('seed', range(5))
def test_policies_of_a_set_do_not_disturb_each_other(seed):
    """A search sees the others' stages too, and goes its own way all the same."""
    score = random_scores(seed, 10**6)
    policies = dict(
        wide=dict(type='GIST', num_stages=4, beam_size=3),
        rist=dict(type='RIST', num_stages=4, num_paths=4, seed=seed),
        gist=dict(type='GIST', num_stages=4),
    )
    trained, _ = run(policy_set(**policies), score)
    alone = [run(POLICIES.build(cfg), score)[0] for cfg in policies.values()]
    assert sorted(trained) == sorted(set(sum(alone, [])))


# ------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    'cfg, message',
    [
        (
            dict(type='FixedPath', path='LPX'),
            '"LPX" is not a path: use the letters L and P, such as LPLLP, and numbers '
            'separated by "-", such as 0.25-0.25',
        ),
        (
            dict(type='FIST', num_stages=0, alpha=0.5),
            'num_stages = 0 is not a whole number of at least 1',
        ),
        (
            dict(type='FIST', num_stages=2, alpha=1.5),
            'alpha = 1.5 is not a number in [0, 1]',
        ),
        (
            dict(type='BatchwiseRandom', num_stages=2.5),
            'num_stages = 2.5 is not a whole number of at least 1',
        ),
        (
            dict(type='BatchwiseRandom', num_stages=2, probability=1),
            'BatchwiseRandom: probability 1 is not in (0, 1); use FIST with alpha 0 '
            'or 1',
        ),
        (
            # to the six decimals of a mix's name this is 0
            dict(type='BatchwiseRandom', num_stages=2, probability=1e-7),
            'BatchwiseRandom: probability 1e-07 is not in (0, 1); use FIST with '
            'alpha 0 or 1',
        ),
        (
            dict(type='RIST', num_stages='9'),
            "num_stages = '9' is not a whole number of at least 1",
        ),
        (
            dict(type='RIST', num_stages=9, num_paths=0),
            'num_paths = 0 is not a whole number of at least 1',
        ),
        (
            dict(type='RIST', num_stages=9, probability=-0.5),
            'probability = -0.5 is not a number in [0, 1]',
        ),
        (
            dict(type='RIST', num_stages=9, max_run=0),
            'max_run = 0 is not a whole number of at least 1',
        ),
        (
            dict(type='RIST', num_stages=2, num_paths=5),
            'RIST: there are no 5 different paths of 2 stages with probability=0.5 '
            'and max_run=None; ask for fewer paths',
        ),
        (
            dict(type='RIST', num_stages=9, probability=1),
            'RIST: there are no 2 different paths of 9 stages with probability=1 and '
            'max_run=None; ask for fewer paths',
        ),
        (
            dict(type='RIST', num_stages=9, num_paths=3, max_run=1),
            'RIST: there are no 3 different paths of 9 stages with probability=0.5 '
            'and max_run=1; ask for fewer paths',
        ),
        (
            dict(type='PolicySet', policies={}),
            'PolicySet: policies is empty; name at least one',
        ),
        (
            dict(type='GIST', num_stages=-1),
            'num_stages = -1 is not a whole number of at least 1',
        ),
        (
            dict(type='GIST', num_stages=9, beam_size=0),
            'beam_size = 0 is not a whole number of at least 1',
        ),
        (
            dict(type='GIST', num_stages=9, moves=['PL', 'LL']),
            'GIST: num_stages = 9 is not a multiple of the 2 stages of a move',
        ),
        *(
            (
                dict(type='GIST', num_stages=4, moves=moves),
                f'GIST: moves = {moves!r} is not a list of different paths of equal '
                'length, '
                "such as ['PL', 'LL']",
            )
            for moves in (['PL', 'L'], 'PL', [], ['0'], ['PL', 'PL'])
        ),
    ],
)
def test_bad_settings_are_refused(cfg, message):
    with pytest.raises(UserError) as error:
        POLICIES.build(cfg)
    assert str(error.value) == message


def test_the_policies_are_registered():
    assert set(POLICIES.module_dict.values()) == {
        RIST,
        GIST,
        FIST,
        BatchwiseRandom,
        FixedPath,
        PolicySet,
    }
