import mmseg_gist  # noqa: F401
from mmseg_gist.analysis.choice import best_by_depth
from mmseg_gist.self_training.path import ROOT, from_name, to_name
from mmseg_gist.self_training.record import Record, best_stage


def scores(**by_name):
    return {ROOT: 50.0} | {from_name(name): score for name, score in by_name.items()}


def test_the_best_stage_is_over_all_depths():
    assert to_name(best_stage(scores(L=49, LP=61, LPL=58, P=None))) == 'LP'
    assert best_stage(scores(L=49, P=48)) == ROOT


def test_of_equal_stages_the_shorter_then_the_first_by_name_is_kept():
    assert to_name(best_stage(scores(LP=60, P=60))) == 'P'
    assert to_name(best_stage(scores(LP=60, P=60, L=60))) == 'L'
    assert best_stage(scores(L=50)) == ROOT


def test_a_run_and_its_analysis_choose_alike():
    """Whatever order its policy asked in, and the stages were finished in."""
    rows = [('0', 50), ('P', 60), ('L', 60), ('LP', 60)]
    for order in (rows, rows[::-1]):
        record = Record('unused', {})
        record.stages = [
            dict(path=path, status='finished', dev=dict(mIoU=score))
            for path, score in order
        ]
        asked = dict(reversed(record.scores.items()))
        assert record.best == best_stage(asked) == ('L',)


def test_failed_stages_are_never_kept():
    assert best_stage({ROOT: None}) == ROOT
    assert best_stage({('P',): None, ('L',): 1.0}) == ('L',)


def test_the_best_of_each_depth():
    best = best_by_depth(scores(L=49, P=47, PP=51, LL=50, LP=None, LPL=None))
    assert {depth: to_name(path) for depth, path in best.items()} == {
        0: '0',
        1: 'L',
        2: 'PP',
    }
