"""How long before the mIoU falls does the guard warn?"""

import importlib.util
import json
from pathlib import Path

import pytest
from made_up_records import write_record

from mmseg_gist.analysis.bloat import (
    falls_at,
    largest_changes,
    swallowed_by_stage,
    warned_at,
)
from mmseg_gist.self_training.path import from_name
from mmseg_gist.self_training.record import Record
from mmseg_gist.utils import UserError

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis/bloat_warning.py'
FIST = dict(type='FIST', num_stages=4, alpha=0)
SCORES = {'0': (50, 45), 'P': (52, 46), 'PP': (51.5, 44), 'PPP': (47, 40)}
SCORES |= {'PPPP': (44, 39), 'L': (51, 45), 'LP': (53, 47)}
SWALLOWED = dict(P=0.0, PP=6.0, PPP=30.0, PPPP=45.0, LP=0.0)
# Pixels by class in the labels that models made: of PP the stage PPP learns.
PIXELS = {'0': [60, 30, 10], 'P': [70, 30, 0], 'PP': [85, 15, 0], 'PPP': [100, 0, 0]}
HUMAN = [50, 40, 20]


@pytest.fixture
def work_dir(tmp_path) -> Path:
    write_record(tmp_path / 'camvid', 0, SCORES, FIST)
    return tmp_path / 'camvid'


def add_swallowed(work_dir: Path) -> None:
    file = work_dir / 'record.json'
    content = json.loads(file.read_text())
    for row in content['stages']:
        if row['path'] in SWALLOWED:
            row['swallowed'] = SWALLOWED[row['path']]
    file.write_text(json.dumps(content))


def add_label_shares(work_dir: Path) -> None:
    content = dict(classes=['a', 'b', 'c'], labeled=HUMAN)
    content['paths'] = dict(PPPP=dict(images=1, stages=PIXELS))
    (work_dir / 'label_shares.json').write_text(json.dumps(content))


def swallowed_along(work_dir: Path, name: str) -> dict:
    return swallowed_by_stage(Record.load(work_dir / 'record.json'), from_name(name))


@pytest.mark.parametrize(
    'scores, stage',
    [
        ([50, 52, 51.5, 47, 44], 3),  # 51.5 is within the margin
        ([50, 52, 50.9, 47, 44], 2),
        ([50, 48, 47], 1),
        ([50, 48, 51], None),  # it recovers
        ([50, 48, 51, 49.9], 3),  # and falls again
        ([50, 49.5, 49], None),
        ([50], None),
    ],
)
def test_where_a_path_falls(scores, stage):
    assert falls_at(dict(enumerate(scores)), margin=1) == stage


def test_where_the_guard_warns():
    assert warned_at({1: 0, 3: 15, 4: 15.1, 6: 40}, threshold=15) == 4
    assert warned_at({1: 0, 3: 15}, threshold=15) is None


def test_what_was_swallowed_is_in_the_record(work_dir):
    add_swallowed(work_dir)
    assert swallowed_along(work_dir, 'PPPP') == {1: 0, 2: 6, 3: 30, 4: 45}
    assert swallowed_along(work_dir, 'LP') == {2: 0}


def test_or_follows_from_the_counts_of_labels(work_dir):
    add_label_shares(work_dir)
    # human labels are 45.45, 36.36 and 18.18 %, so the most are 60, 36.36 and 18.18
    assert swallowed_along(work_dir, 'PPPP') == {1: 0, 2: 10, 3: 25, 4: 40}
    message = r'has no path LP; run tools/analysis/label_shares.py .*camvid LP'
    with pytest.raises(UserError, match=message):
        swallowed_along(work_dir, 'LP')


def test_labels_that_another_path_learned_from_do_not_count(work_dir):
    """Stage P made labels for PP, and on the way to PLP they are there as well."""
    stages = {'0': [60, 30, 10], 'P': [100, 0, 0], 'PL': [70, 30, 0]}
    content = dict(classes=['a', 'b', 'c'], labeled=HUMAN)
    content['paths'] = dict(PLP=dict(images=1, stages=stages))
    (work_dir / 'label_shares.json').write_text(json.dumps(content))
    assert swallowed_along(work_dir, 'PLP') == {1: 0, 3: 10}


def test_the_largest_changes_are_from_the_first_to_the_last_stage():
    stages = [[50, 30, 20, 0], [0, 0, 0, 100], [58, 15, 20, 7]]
    assert largest_changes(stages, 3) == [1, 0, 3]


def run_tool(*arguments) -> None:
    spec = importlib.util.spec_from_file_location('bloat_warning', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main([str(argument) for argument in arguments])


def cells(text: str) -> list[list[str]]:
    return [line.strip('| ').split(' | ') for line in text.splitlines()[2:]]


def test_the_command(work_dir, capsys):
    add_swallowed(work_dir)
    run_tool(work_dir)
    rows = {row[1]: row for row in cells(capsys.readouterr().out)}
    silent, bloated = rows.pop('LP'), rows.pop('PPPP')
    assert not rows
    assert silent[:6] == ['camvid, seed 0', 'LP', '0.00', '-', '-', '-']
    assert silent[6:] == ['50.00', '53.00', '53.00', '47.00']
    assert bloated[2:6] == ['45.00', 'stage 2', 'stage 3', '+1']
    assert bloated[6:] == ['50.00', '52.00', '44.00', '39.00']
    run_tool(work_dir, '--paths', 'PPPP', '--threshold', 30, '--margin', 0.1)
    (row,) = cells(capsys.readouterr().out)
    assert row[3:6] == ['stage 4', 'stage 2', '-2']
    # where the guard stopped it, the path is as long as it was trained
    file = work_dir / 'record.json'
    record = json.loads(file.read_text())
    (stopped,) = (row for row in record['stages'] if row['path'] == 'PPPP')
    stopped |= dict(status='failed', reason='bloat')
    file.write_text(json.dumps(record))
    run_tool(work_dir, '--paths', 'PPPP', 'L')
    rows = cells(capsys.readouterr().out)
    assert [row[1:4] for row in rows] == [['PPPP', '45.00', 'stage 2'], ['L', '', '-']]
    assert rows[0][6:9] == ['50.00', '52.00', '47.00']
    with pytest.raises(UserError, match='has no stage LPL'):
        run_tool(work_dir, '--paths', 'LPL')
