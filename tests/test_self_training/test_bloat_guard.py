"""Shares of the classes in pseudo-labels, and what is done about bloat."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from tiny import write_tiny

from mmseg_gist.self_training import bloat_guard, labeler
from mmseg_gist.self_training.bloat_guard import BloatError, BloatGuard, swallowed
from mmseg_gist.utils import UserError


@pytest.mark.parametrize(
    'fresh, beyond',
    [
        ([50, 40, 10], 0),  # as it was
        ([70, 25, 5], 20),
        ([60, 40, 0], 10),  # a class is gone
        ([100, 0, 0], 50),
        ([52, 30, 18], 2 + 8),  # any class may swallow others
    ],
)
def test_swallowed_over_one_reference(fresh, beyond):
    assert swallowed(fresh, [50, 40, 10]) == beyond


def test_the_larger_reference_counts():
    human, first = [50, 30, 20], [60, 38, 2]
    assert swallowed(human, human, first) == 0
    assert swallowed(first, human, first) == 0
    assert swallowed([55, 34, 11], human, first) == 0  # between the two
    assert swallowed([65, 39, 0], human, first) == 5 + 1
    assert swallowed([0, 100], [100, 0], [100, 0]) == 100


def test_the_guard_warns_or_stops_above_its_threshold(monkeypatch):
    told = []
    monkeypatch.setattr(bloat_guard, 'print_log', lambda text, *_: told.append(text))
    rows = [dict(path='PP', swallowed=value) for value in (30.0, 30.1)]
    for row in [dict(path='L'), rows[0]]:
        BloatGuard(threshold=30)(row)
        BloatGuard('stop', threshold=30)(row)
    assert not told
    BloatGuard(threshold=30)(rows[1])
    assert told == [
        'stage PP: bloated pseudo-labels: classes hold 30.1 % of the pixels beyond '
        "their shares in sound labels (more than 30); on_bloat='stop' would end the "
        'path'
    ]
    with pytest.raises(BloatError, match=r'hold 30\.1 % .* \(more than 30\)$'):
        BloatGuard('stop', threshold=30)(rows[1])


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(on_bloat='halt'), "bloat_guard.on_bloat = 'halt': 'warn' or 'stop'"),
        (dict(threshold=0), r'threshold = 0 is no percentage in \(0, 100\)'),
        (dict(threshold='20'), r"threshold = '20' is no percentage"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        BloatGuard(**arguments)


# ---------------------------------------------------------------- in real runs


@pytest.fixture(scope='module')
def config_file(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp('data'))


def run(config_file: Path, work_dir: Path, **settings) -> dict:
    """Train; the record's rows by path."""
    cfg = Config.fromfile(config_file)
    cfg.work_dir = str(work_dir)
    cfg.train_dataloader.num_workers = 0
    cfg.resume = settings.pop('resume', False)
    for key, value in settings.items():
        cfg.train_cfg[key] = value
    Runner.from_cfg(cfg).train()
    record = json.loads((work_dir / 'record.json').read_text())
    return {row['path']: row for row in record['stages']}


@pytest.fixture(scope='module')
def finished(config_file, tmp_path_factory) -> tuple[Path, dict]:
    work_dir = tmp_path_factory.mktemp('finished')
    policy = dict(type='FixedPath', path='PLP')
    return work_dir, run(config_file, work_dir, policy=policy)


def pixels_of(folder: Path, names: list[str]) -> np.ndarray:
    labels = [np.array(Image.open(folder / f'{name}.png')) for name in names]
    return np.bincount(np.concatenate(labels).ravel(), minlength=3)


def test_the_record_tells_the_shares_of_the_labels_that_were_drawn(
    finished, config_file
):
    work_dir, rows = finished
    assert 'class_shares' not in rows['PL']
    parents = {'P': '0', 'PLP': 'PL'}
    for path, parent in parents.items():
        folder = work_dir / 'stages' / parent / 'pseudo_labels'
        names = [f.stem for f in folder.glob('*.png') if 'confidence' not in f.name]
        pixels = pixels_of(folder, names)
        assert rows[path]['class_shares'] == pytest.approx(
            100 * pixels / pixels.sum(), abs=1e-4
        )
    human = pixels_of(config_file.parent / 'labels', [f'labeled{i}' for i in range(4)])
    human = 100 * human / human.sum()
    # that of stage 0 are people's
    assert rows['0']['class_shares'] == pytest.approx(human, abs=1e-4)
    assert 'swallowed' not in rows['0']
    # the first pseudo-labels on the path are what others are compared with
    assert rows['P']['swallowed'] == 0
    first, fresh = rows['P']['class_shares'], rows['PLP']['class_shares']
    beyond = (np.array(fresh) - np.maximum(human, first)).clip(0).sum()
    assert rows['PLP']['swallowed'] == pytest.approx(beyond, abs=0.01)


def test_the_log_compares_with_human_labels_and_those_before(finished):
    work_dir, rows = finished
    (log,) = work_dir.glob('*/*.log')
    lines = [line.split() for line in log.read_text().splitlines()]
    tables = [line for line in lines if line[:1] == ['|'] and line[1] in ('class', 'a')]
    heads, values = [line[1::2] for line in tables[::2]], tables[1::2]
    first = ['class', 'human', 'P']
    assert heads == [[*first, 'kept'], [*first, 'PLP', 'kept']]
    of_a = [f'{rows[path]["class_shares"][0]:.2f}' for path in ('P', 'PLP')]
    assert values[1][5::2] == [*of_a, f'{rows["PLP"]["kept"]["classes"][0]:.2f}']


def test_a_path_is_stopped_before_it_trains_and_others_go_on(
    config_file, tmp_path, monkeypatch
):
    """Two paths; labels of one are made to be even first, then to be bloated."""
    real = bloat_guard.histogram

    def bloated(files, num_classes):
        counts = real(files, num_classes)
        if 'stages/0/pseudo_labels' in files[0]:
            counts[:] = counts.sum(axis=0) // 3
        if 'stages/P/pseudo_labels' in files[0]:
            counts[0], counts[1:] = counts.sum(axis=0), 0
        return counts

    monkeypatch.setattr(bloat_guard, 'histogram', bloated)
    policies = {name: dict(type='FixedPath', path=name) for name in ('PPP', 'LP')}
    policy = dict(type='PolicySet', policies=policies)
    guard = dict(on_bloat='stop', threshold=20)
    rows = run(config_file, tmp_path, policy=policy, bloat_guard=guard)
    assert {path: row['status'] for path, row in rows.items()} == {
        '0': 'finished', 'L': 'finished', 'P': 'finished',
        'LP': 'finished', 'PP': 'failed',
    }  # fmt: skip
    row = rows['PP']
    assert row['reason'] == (
        f'bloated pseudo-labels: classes hold {row["swallowed"]:.1f} % of the pixels '
        'beyond their shares in sound labels (more than 20)'
    )
    assert row['swallowed'] > 20 and row['class_shares'] == [100, 0, 0]
    assert not list((tmp_path / 'stages/PP').glob('*'))  # nothing was trained
    assert row['iters'] == 0 < rows['P']['iters']

    record = (tmp_path / 'record.json').read_text()
    run(config_file, tmp_path, policy=policy, bloat_guard=guard, resume=True)
    assert (tmp_path / 'record.json').read_text() == record


def test_a_warning_changes_nothing_of_the_training(finished, config_file, tmp_path):
    """A threshold that is always passed; same rows as without it."""
    work_dir, rows = finished
    policy = dict(type='FixedPath', path='PLP')
    guard = dict(on_bloat='warn', threshold=1e-9)
    warned = run(config_file, tmp_path, policy=policy, bloat_guard=guard)
    for row in [*rows.values(), *warned.values()]:
        row.pop('seconds', None), row.pop('memory', None)
    assert warned == rows


def test_human_labels_are_counted_once_a_run_and_draws_once_a_stage(
    finished, config_file, tmp_path, monkeypatch
):
    """A record whose stage 0 does not tell, as earlier versions wrote, will do."""
    calls = []

    def counted(module, name):
        real = getattr(module, name)

        def call(*args):
            calls.append(name)
            return real(*args)

        monkeypatch.setattr(module, name, call)

    counted(bloat_guard, 'count_human_labels')
    counted(labeler, 'drawn_indices')
    run(config_file, tmp_path, policy=dict(type='FixedPath', path='PL'))
    assert calls == ['count_human_labels', 'drawn_indices']
    file = tmp_path / 'record.json'
    record = json.loads(file.read_text())
    del record['stages'][0]['class_shares']
    file.write_text(json.dumps(record))
    policy = dict(type='FixedPath', path='PLP')
    row = run(config_file, tmp_path, policy=policy, resume=True)['PLP']
    expected = finished[1]['PLP']
    for name in ('class_shares', 'swallowed', 'dev'):
        assert row[name] == expected[name]


def test_bad_settings_are_told_before_anything_is_trained(config_file, tmp_path):
    with pytest.raises(UserError, match='on_bloat'):
        run(config_file, tmp_path, bloat_guard=dict(on_bloat='maybe'))
    assert not (tmp_path / 'record.json').exists()


def test_what_is_wrong_is_said():
    """Below a tenth, and where a class that people labeled is gone."""
    classes, human = ('a', 'b', 'c', 'd'), [40, 30, 30, 0]
    fresh = [60, 39, 1, 0]
    kept = dict(all=9.9, classes=[5.0, 20.0, 0.0, None])
    low, gone = bloat_guard.warnings_of(kept, human, fresh, classes)
    assert low.startswith('label erase keeps 9.9 % of the pixels: lower its threshold')
    assert gone == 'pseudo-labels have lost c'
    kept = dict(all=10.0, classes=[10.0, 10.0, 10.0, None])
    assert bloat_guard.warnings_of(kept, human, fresh, classes) == []
