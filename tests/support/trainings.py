"""Trainings in processes of their own, and what they leave."""

import json
from pathlib import Path

import forked
import torch
from tiny import ROOT

TRAIN = ROOT / 'tools/train.py'


def train(config: Path, work_dir: Path, *args: str, **environment: str):
    """Runs tools/train.py to its end, in a process that starts at once."""
    return forked.run(TRAIN, config, '--work-dir', work_dir, *args, **environment)


def outcome(work_dir: Path) -> tuple[dict, dict]:
    """The record without what was measured, and the weights of all stages."""
    record = json.loads((work_dir / 'record.json').read_text())
    weights = {}
    for stage in record['stages']:
        del stage['seconds'], stage['memory']
        path = work_dir / stage['checkpoint']
        weights[stage['path']] = torch.load(path, weights_only=True)['state_dict']
    return record, weights


def assert_same(one: tuple, other: tuple) -> None:
    assert one[0] == other[0]
    for path in one[1]:
        for name, value in one[1][path].items():
            assert torch.equal(value, other[1][path][name]), (path, name)
