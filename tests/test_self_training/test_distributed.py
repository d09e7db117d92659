"""Two processes (gloo) do what one does with twice the batch."""

import json
import os
from pathlib import Path

import pytest
from forked import Fork
from tiny import write_tiny
from trainings import TRAIN, train

pytestmark = pytest.mark.slow

PORT = str(20000 + os.getpid() % 20000)


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    """GIST from a given stage 0.

    Nothing in it depends on how a batch is parted: no dropout, no statistics of
    batches, no ignored pixels, the number of which would weigh the parts.
    """
    folder = tmp_path_factory.mktemp('data')
    config = write_tiny(folder)
    with config.open('a') as file:
        file.write(
            "model['decode_head'].update(dropout_ratio=0, norm_cfg=None)\n"
            "train_cfg['consistency']['dropout_ratio'] = 0.0\n"
            "train_cfg['label_erase'] = train_cfg['perturbation'] = None\n"
        )
    done = train(
        config,
        folder / 'stage_0',
        '--cfg-options',
        'train_cfg.policy.path=0',
        'randomness.seed=0',
    )
    assert done.returncode == 0, done.stderr
    checkpoint = folder / 'stage_0/stages/0/checkpoint.pth'
    with config.open('a') as file:
        file.write(
            f"load_from = '{checkpoint}'\n"
            "train_cfg['policy'] = dict(type='GIST', num_stages=2)\n"
            "train_cfg['reliable'] = [1.0, 0.5]\n"
            'randomness = dict(seed=0)\n'
        )
    return config


def scores(work_dir: Path) -> dict[str, float]:
    stages = json.loads((work_dir / 'record.json').read_text())['stages']
    return {stage['path']: stage['dev']['mIoU'] for stage in stages}


def test_same_choices_and_same_labels(config, tmp_path):
    one, two = tmp_path / 'one', tmp_path / 'two'
    done = train(config, one)
    assert done.returncode == 0, done.stderr
    options = [
        '--launcher',
        'pytorch',
        '--cfg-options',
        'train_dataloader.batch_size=1',
        'unlabeled_dataloader.batch_size=1',
    ]
    processes = [  # as torch.distributed.run starts them
        Fork(
            TRAIN, config, '--work-dir', two, *options,
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2',
            MASTER_ADDR='127.0.0.1', MASTER_PORT=PORT,
        )
        for rank in range(2)
    ]  # fmt: skip
    for process in processes:
        done = process.wait()
        assert done.returncode == 0, done.stderr

    ours, theirs = scores(one), scores(two)
    assert list(ours) == list(theirs)  # the beam continued from the same stages
    assert ours == pytest.approx(theirs, abs=0.5)  # sums of gradients are rounded
    names = sorted(p.name for p in (one / 'stages/0/pseudo_labels').glob('*.png'))
    assert len(names) == 12
    assert names == sorted(
        p.name for p in (two / 'stages/0/pseudo_labels').glob('*.png')
    )
    for name in names:
        label, other = (d / 'stages/0/pseudo_labels' / name for d in (one, two))
        assert label.read_bytes() == other.read_bytes(), name
