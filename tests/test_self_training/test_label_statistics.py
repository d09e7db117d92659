"""Shares of the classes in pseudo-labels, and what is kept of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from scipy import ndimage
from tiny import write_tiny

from mmseg_gist.datasets.labels import inner_datasets
from mmseg_gist.self_training import labeler
from mmseg_gist.self_training.label_statistics import warnings_of

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


def test_a_stage_keeps_the_surest_regions_of_each_class(config_file, tmp_path):
    """The regions and their means come from scipy; at least half of each class stays,
    and without its least sure region less than half would."""
    erase = dict(keep=0.5, regions=True)
    policy = dict(type='FixedPath', path='P')
    rows = run(config_file, tmp_path, policy=policy, label_erase=erase)
    folder = tmp_path / 'stages/0/pseudo_labels'
    means = {0: [], 1: [], 2: []}  # of the regions, once for each of their pixels
    for file in folder.glob('*[0-9].png'):
        label = np.array(Image.open(file))
        sure = np.array(Image.open(folder / f'{file.stem}_confidence.png'))
        for value in np.unique(label):
            regions, number = ndimage.label(label == value, np.ones((3, 3)))
            for region in range(1, number + 1):
                pixels = sure[regions == region]
                means[value] += [np.rint(pixels.mean())] * pixels.size
    kept = rows['P']['kept']['classes']
    assert sum(map(bool, means.values())) > 1
    stage = Config.fromfile(*(tmp_path / 'stages/P').glob('*.py'))
    (dataset,) = inner_datasets(stage.train_dataloader.dataset)
    (step,) = [step for step in dataset['pipeline'] if step['type'] == 'LabelErase']
    assert step['regions'] and not step['keep']
    for value, of_class in means.items():
        if not of_class:
            assert kept[value] is None
            continue
        stays = np.array(of_class) >= step['threshold'][value] * 255
        assert kept[value] == pytest.approx(100 * stays.mean(), abs=0.01)
        assert stays.mean() >= 0.5
        least = min(np.array(of_class)[stays])
        assert (np.array(of_class) > least).mean() < 0.5


def test_the_log_compares_with_human_labels(finished):
    work_dir, rows = finished
    (log,) = work_dir.glob('*/*.log')
    lines = [line.split() for line in log.read_text().splitlines()]
    tables = [line for line in lines if line[:1] == ['|'] and line[1] in ('class', 'a')]
    heads, values = [line[1::2] for line in tables[::2]], tables[1::2]
    assert heads == [['class', 'human', 'pseudo', 'kept']] * 2
    human = rows['0']['class_shares'][0]
    for path, line in zip(('P', 'PLP'), values):
        kept = rows[path]['kept']['classes'][0]
        of_a = human, rows[path]['class_shares'][0], kept
        assert line[3::2] == [f'{value:.2f}' for value in of_a]


@pytest.mark.slow
def test_draws_are_found_once_a_stage(config_file, tmp_path, monkeypatch):
    calls = []
    real = labeler.drawn_indices

    def call(*args):
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(labeler, 'drawn_indices', call)
    run(config_file, tmp_path, policy=dict(type='FixedPath', path='PL'))
    assert len(calls) == 1


def test_what_is_wrong_is_said():
    """Below a tenth, and where a class that people labeled is gone."""
    classes, human = ('a', 'b', 'c', 'd'), [40, 30, 30, 0]
    fresh = [60, 39, 1, 0]
    kept = dict(all=9.9, classes=[5.0, 20.0, 0.0, None])
    low, gone = warnings_of(kept, human, fresh, classes)
    assert low == (
        'label erase keeps 9.9 % of the pixels: lower its threshold, raise keep or '
        'raise T of TemperatureScaling'
    )
    assert gone == 'pseudo-labels have lost c'
    kept = dict(all=10.0, classes=[10.0, 10.0, 10.0, None])
    assert warnings_of(kept, human, fresh, classes) == []
