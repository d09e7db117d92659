import json
import os

import pytest

from mmseg_gist.self_training.path import ROOT, to_name
from mmseg_gist.self_training.policies import FixedPath
from mmseg_gist.self_training.record import Record
from mmseg_gist.utils import UserError

RUN = dict(seed=3, settings=dict(model='0f'), policy=dict(type='GIST', num_stages=2))


def finished(path, dev, test=None):
    return dict(
        path=path,
        iters=10,
        seed=7,
        status='finished',
        dev=dict(mIoU=dev, aAcc=90.0),
        test=test and dict(mIoU=test),
        checkpoint=f'stages/{path}/checkpoint.pth',
        seconds=dict(labeling=1.5, training=20.25, evaluation=0.3),
    )


def failed(path):
    return dict(
        path=path,
        iters=10,
        seed=7,
        status='failed',
        reason='loss is nan at iteration 4',
    )


@pytest.fixture
def record(tmp_path):
    record = Record(tmp_path / 'run/record.json', RUN)
    record.stages = [finished('0', 50.0, 51.0), failed('L'), finished('P', 48.125)]
    return record


def with_scores(*scores):
    record = Record('unused', {})
    record.stages = [finished(path, dev) for path, dev in scores]
    return record


def test_what_is_written_is_read(record):
    record.save()
    again = Record.load(record.file)
    assert again.run == RUN
    assert again.stages == record.stages
    assert again.file == record.file
    content = record.file.read_text()
    again.save()
    assert record.file.read_text() == content
    assert os.listdir(record.file.parent) == ['record.json']


def test_a_person_can_read_the_file(record):
    record.save()
    lines = record.file.read_text().splitlines()
    assert len(lines) > 20
    content = json.loads('\n'.join(lines))
    assert list(content) == ['run', 'best', 'stages']
    assert content['best'] == '0'
    assert content['stages'][1] == failed('L')


def test_an_added_stage_is_on_disk(record):
    record.add(finished('LP', 52))
    assert [stage['path'] for stage in Record.load(record.file).stages] == [
        '0',
        'L',
        'P',
        'LP',
    ]
    assert json.loads(record.file.read_text())['best'] == 'LP'


def test_a_crash_while_writing_leaves_the_old_record(record, monkeypatch):
    record.save()
    before = record.file.read_bytes()

    def crash(*args):
        raise KeyboardInterrupt

    record.stages.append(finished('PL', 70))
    with monkeypatch.context() as context:
        context.setattr(os, 'replace', crash)
        with pytest.raises(KeyboardInterrupt):
            record.save()
    assert record.file.read_bytes() == before
    record.stages[-1]['reason'] = object()  # does not go into JSON
    with pytest.raises(TypeError):
        record.save()
    assert record.file.read_bytes() == before
    assert os.listdir(record.file.parent) == ['record.json']


def test_scores_are_the_development_miou_by_path(record):
    assert record.scores == {ROOT: 50.0, ('L',): None, ('P',): 48.125}
    assert list(record.scores) == [ROOT, ('L',), ('P',)]


def test_a_stage_is_found_by_its_path(record):
    assert record[()]['test'] == dict(mIoU=51.0)
    assert record[('P',)]['dev']['mIoU'] == 48.125


@pytest.mark.parametrize(
    'scores, best',
    [
        ([], '0'),
        ([('0', 50)], '0'),
        ([('0', 50), ('L', 49), ('LP', 51), ('LPL', 50.9)], 'LP'),
        ([('0', 50), ('L', 49)], '0'),
        # of equal ones that with fewer trainings, whenever it was finished
        ([('0', 1), ('L', 49), ('LP', 51), ('P', 51)], 'P'),
        ([('0', 50), ('P', 50)], '0'),
        # then the first by name; a longer name is no longer path
        ([('0', 1), ('P', 51), ('L', 51)], 'L'),
        ([('0', 1), ('L', 51), ('P', 51)], 'L'),
        ([('0', 1), ('0.25', 51), ('LL', 51), ('L', 51)], '0.25'),
    ],
)
def test_the_best_stage(scores, best):
    assert to_name(with_scores(*scores).best) == best


def test_a_failed_stage_is_never_the_best(record):
    record.stages[0] = failed('0')
    assert record.best == ('P',)
    record.stages = [failed('0'), failed('P')]
    assert record.best == ROOT


def test_the_test_set_does_not_decide():
    record = Record('unused', {})
    record.stages = [finished('0', 50, 60), finished('L', 49, 90)]
    assert record.best == ROOT


DAMAGED = [
    # what was written, a part of the reason that is given
    ('', 'line 1 column 1'),
    ('{"run": {}, "stag', 'line 1 column 13'),
    ('{"stages": []}', "'run'"),
    ('{"run": {}}', "'stages'"),
    ('[]', 'list indices'),
    ('{"run": {}, "stages": [{"path": "0"}]}', "'status'"),
    ('{"run": {}, "stages": [{"path": "X", "status": "failed"}]}', '"X" is not a path'),
    ('{"run": {}, "stages": [{"path": 3, "status": "failed"}]}', 'expected string'),
    (
        '{"run": {}, "stages": [{"path": "0", "status": "finished", "dev": null}]}',
        'not subscriptable',
    ),
    ('{"run": {}, "stages": ["0"]}', 'string indices'),
]


@pytest.mark.parametrize('content, reason', DAMAGED)
def test_a_damaged_record_is_refused(tmp_path, content, reason):
    file = tmp_path / 'record.json'
    file.write_text(content)
    with pytest.raises(UserError) as error:
        Record.load(file)
    message = str(error.value)
    assert message.startswith(f'{file} is not a readable record (')
    assert message.endswith('); restore it, or start in another --work-dir')
    assert reason in message
    assert '\n' not in message


def test_a_record_of_other_bytes_is_refused(tmp_path):
    file = tmp_path / 'record.json'
    file.write_bytes(b'\x80PNG')
    with pytest.raises(UserError, match='record.json is not a readable record'):
        Record.load(file)


def rows_of(table):
    lines = [line for line in table.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]


def test_the_table_has_a_row_a_stage():
    record = Record('unused', {})
    record.stages = [
        finished('0', 50.0, 51.0),
        finished('P', 48.125),
        failed('PL'),
        finished('P-0.25', 60.0, 61.0),
        finished('P-0.25-B0.5', 59.996, 0.5),
    ]
    assert rows_of(record.table()) == [
        ['stage', 'path', 'labels', 'dev mIoU', 'test mIoU', 'seconds', 'best'],
        ['0', '0', 'human', '50.00', '51.00', '22.1', ''],
        ['1', 'P', 'pseudo', '48.12', '', '22.1', ''],
        ['2', 'PL', 'human', 'failed', '', '', ''],
        ['2', 'P-0.25', 'human 0.25 + pseudo', '60.00', '61.00', '22.1', '*'],
        [
            '3',
            'P-0.25-B0.5',
            'one kind a batch, human 0.5',
            '60.00',
            '0.50',
            '22.1',
            '',
        ],
    ]


def test_each_policy_has_its_own_best_stage():
    record = Record('unused', {})
    record.stages = [
        finished('0', 50.0, 51.0),
        finished('L', 52.0, 49.0),
        finished('P', 48.0),
        finished('LL', 51.0, 53.0),
        finished('PL', 60.0, 61.5),
    ]
    policies = dict(
        labels=FixedPath('LL'), PL=FixedPath('PL'), going_on=FixedPath('PPP')
    )
    assert rows_of(record.policies_table(policies)) == [
        ['policy', 'stages', 'best', 'dev mIoU', 'test mIoU'],
        ['labels', '2', 'L', '52.00', '49.00'],
        ['PL', '2', 'PL', '60.00', '61.50'],
        ['going_on', '1', '0', '50.00', '51.00'],
    ]
