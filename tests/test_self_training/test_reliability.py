"""Stages that draw the images whose pseudo-labels are the most reliable."""

import csv
import json
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS, MODELS
from mmseg.structures import SegDataSample
from tiny import write_tiny
from trainings import assert_same, outcome, train

from mmseg_gist.utils import UserError

pytestmark = pytest.mark.slow
SETTINGS = """
train_cfg.update(
    policy=dict(type='FIST', num_stages=2, alpha=0.25), reliable=[0.5, 1.0])
randomness = dict(seed=0)
"""
KILLING = """
custom_imports = dict(imports=['mmseg_gist', 'kill_points'])
custom_hooks = [dict(type='KillHook')]
"""
WEIGHTS = {}  # of each stage after each iteration


@HOOKS.register_module()
class WeightsHook(Hook):
    priority = 'LOWEST'

    def after_train_iter(self, runner, *args, **kwargs) -> None:
        stage = WEIGHTS.setdefault(Path(runner.work_dir).name, [])
        stage.append({k: v.clone() for k, v in runner.model.state_dict().items()})


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    config = write_tiny(tmp_path_factory.mktemp('data'))
    with config.open('a') as file:
        file.write(SETTINGS)
    return config


def run(config: Path, work_dir: Path, **settings) -> None:
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(settings)
    cfg.work_dir, cfg.resume = str(work_dir), True
    cfg.train_dataloader.num_workers = 0
    cfg.custom_hooks = [dict(type='WeightsHook')]
    Runner.from_cfg(cfg).train()


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob('*.pth')}


@pytest.fixture(scope='module')
def work_dir(config, tmp_path_factory) -> Path:
    """After stage 0, and then the stages that come of it."""
    work_dir = tmp_path_factory.mktemp('run')
    run(
        config,
        work_dir,
        **{'train_cfg.policy': dict(_delete_=True, type='FixedPath', path='0')},
    )
    thirds = {f'thirds/{third}/stages/0/checkpoint.pth' for third in (1, 2)}
    assert files(work_dir / 'stages/0') == {'checkpoint.pth', *thirds}
    for third, iteration in ((1, 1), (2, 3)):  # of five
        file = work_dir / f'stages/0/thirds/{third}/stages/0/checkpoint.pth'
        found = torch.load(file, weights_only=False)['state_dict']
        expected = WEIGHTS['0'][iteration - 1]
        assert all(torch.equal(found[key], expected[key]) for key in expected)
    run(config, work_dir)
    return work_dir


def rows_of(work_dir: Path) -> dict[str, dict]:
    record = json.loads((work_dir / 'record.json').read_text())
    return {row['path']: row for row in record['stages']}


@pytest.fixture(scope='module')
def by_hand(config, work_dir) -> dict[str, float]:
    """From predictions and one class and image at a time."""
    model = MODELS.build(dict(Config.fromfile(config).model, _scope_='mmseg')).eval()
    reliability = {}
    for i in range(12):
        image = cv2.imread(str(config.parent / f'images/unlabeled{i}.png'))
        shapes = dict(ori_shape=image.shape[:2], img_shape=image.shape[:2])
        labels = []
        for iteration in (1, 3, 5):
            model.load_state_dict(WEIGHTS['0'][iteration - 1])
            batch = dict(
                inputs=[torch.from_numpy(image).permute(2, 0, 1)],
                data_samples=[SegDataSample(metainfo=shapes)],
            )
            (result,) = model.test_step(batch)
            labels.append(result.pred_sem_seg.data[0].numpy())
        ious = [
            np.mean(
                [
                    ((earlier == c) & (labels[-1] == c)).sum()
                    / ((earlier == c) | (labels[-1] == c)).sum()
                    for c in range(3)
                    if (earlier == c).any() or (labels[-1] == c).any()
                ]
            )
            for earlier in labels[:-1]
        ]
        reliability[f'unlabeled{i}'] = float(np.mean(ious))
    return reliability


def test_the_list_of_all_images(work_dir, by_hand):
    with open(work_dir / 'stages/0/reliability.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    values = [float(row['reliability']) for row in rows]
    assert values == sorted(values) and len(set(values)) > 6
    found = {Path(row['image']).stem: value for row, value in zip(rows, values)}
    assert found == pytest.approx(by_hand)


def test_the_images_that_are_drawn(config, work_dir, by_hand):
    """The better half of 12, then all; each once in three batches of two."""
    ranked = sorted(by_hand, key=by_hand.get)
    cfg = Config.fromfile(next((work_dir / 'stages/0.25').glob('*/vis_data/config.py')))
    dataset = cfg.train_dataloader.dataset.datasets[1]
    names = {f'unlabeled{index}' for index in dataset.indices}
    assert names == set(ranked[6:])
    rows = rows_of(work_dir)
    assert rows['0.25']['pseudo_labels'] == dict(drawn=6, unlabeled=12)
    found = rows['0.25']['reliability']
    assert found['images'] == 6
    assert found['mean'] == pytest.approx(np.mean([*by_hand.values()]), abs=1e-4)
    mean = np.mean([by_hand[name] for name in ranked[6:]])
    assert found['mean_drawn'] == pytest.approx(mean, abs=1e-4)
    for key, order in (('least', ranked), ('most', ranked[::-1])):
        values = {name: by_hand[name] for name in order[:10]}
        assert found[key] == pytest.approx(values, abs=1e-4)
        assert list(found[key].values()) == sorted(
            found[key].values(), reverse=key == 'most'
        )
    assert 'reliability' not in rows['0'] | rows['0.25-0.25']
    drawn = work_dir / 'stages/0.25/pseudo_labels'
    assert len(list(drawn.glob('*.png'))) == 2 * 6  # label and confidence


def test_models_at_thirds_are_removed_when_images_are_ranked(work_dir):
    assert files(work_dir / 'stages') == {
        f'{stage}/checkpoint.pth' for stage in ('0', '0.25', '0.25-0.25')
    }


def test_killed_and_resumed(config, work_dir, tmp_path):
    killing = config.with_name('killing_config.py')
    killing.write_text(config.read_text() + KILLING)
    for kill_at in (
        'train:4',  # stage 0, two thirds are through, the save is from before
        'replace:2',  # before the second third is put in place, again
        'test:9',  # labeling by the first third, after stage 0's evaluation
        'test:12',  # by the second, after the first has labeled the rest
        'replace:25',  # by the last
        'train:1',  # the first stage
    ):
        killed = train(killing, tmp_path, '--resume', KILL_AT=kill_at)
        assert killed.returncode == -signal.SIGKILL, (kill_at, killed.stderr)
    resumed = train(killing, tmp_path, '--resume')
    assert resumed.returncode == 0, resumed.stderr
    assert_same(outcome(tmp_path), outcome(work_dir))
    assert files(tmp_path / 'stages') == files(work_dir / 'stages')


@pytest.mark.parametrize('share', ['0', '[0.5, 1.5]', '[]', "'half'"])
def test_shares_are_checked(config, tmp_path, share):
    with pytest.raises(UserError, match='train_cfg.reliable = .* is not a share in'):
        run(config, tmp_path, **{'train_cfg.reliable': eval(share)})


def test_a_given_model_has_no_thirds(config, work_dir, tmp_path):
    given = str(work_dir / 'stages/0/checkpoint.pth')
    with pytest.raises(UserError, match='which load_from gives without them: set'):
        run(config, tmp_path, load_from=given)
