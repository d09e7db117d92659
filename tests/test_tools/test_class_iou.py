"""tools/analysis/class_iou.py on made-up records."""

import json

import pytest
from made_up_records import write_record

from mmseg_gist.utils import UserError

IOUS = {  # road, tree
    'erase/seed_0': {'0': (80, 20), 'P': (82, 15), 'PL': (83, 26)},
    'erase/seed_1': {'0': (84, 30), 'P': (80, 23)},
    'none/seed_1': {'0': (84, 30), 'L': (85, 31)},
}


@pytest.fixture
def records(tmp_path):
    for folder, stages in IOUS.items():
        policy = dict(type='FixedPath', path=max(stages, key=len))
        seed = int(folder[-1])
        file = write_record(
            tmp_path / folder, seed, dict.fromkeys(stages, (1, 2)), policy
        )
        record = json.loads(file.read_text())
        for row in record['stages']:
            road, tree = stages[row['path']]
            row['test'] |= {'IoU.road': road, 'IoU.tree': tree}
        record['stages'][0]['class_shares'] = [90.0, 10.0]
        file.write_text(json.dumps(record))
    return tmp_path


def test_margins_are_paired_by_seed(tool, records):
    assert tool('class_iou', records / 'erase', '--stages', '0', 'P') == [
        ['class', 'share', '0', 'P'],
        ['road', '90.00', '82.00 ± 2.83', '-1.00 ± 4.24'],
        ['tree', '10.00', '25.00 ± 7.07', '-6.00 ± 1.41'],
    ]


def test_stages_of_several_settings(tool, records):
    """Seeds that only one of the settings has are left out."""
    assert tool('class_iou', records, '--stages', 'none/L', 'erase/P') == [
        ['class', 'share', 'none/L', 'erase/P'],
        ['road', '90.00', '85.00', '-5.00'],
        ['tree', '10.00', '31.00', '-8.00'],
    ]


@pytest.mark.parametrize(
    'stages, message',
    [
        (['P'], 'P: name the setting too, as in erase/P'),
        (['all/P'], 'there is no setting all, but erase, none'),
        (['erase/X'], '"X" is not a path'),
        (
            ['erase/PL'],
            'seed_1/record.json has no test IoU of classes for stage erase/PL',
        ),
    ],
)
def test_what_the_records_lack_is_named(tool, records, stages, message):
    with pytest.raises(UserError, match=message):
        tool('class_iou', records, '--stages', *stages)
