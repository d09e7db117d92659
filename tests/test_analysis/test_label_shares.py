from mmseg_gist.analysis.label_shares import largest_changes


def test_the_largest_changes_are_from_the_first_to_the_last_stage():
    stages = [[50, 30, 20, 0], [0, 0, 0, 100], [58, 15, 20, 7]]
    assert largest_changes(stages, 3) == [1, 0, 3]
