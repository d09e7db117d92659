"""A run that is killed anywhere and resumed ends as if nothing had happened."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import forked
import pytest
from tiny import ROOT, write_tiny
from trainings import assert_same, outcome, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    config = write_tiny(tmp_path_factory.mktemp('data'))
    with config.open('a') as file:
        file.write(
            "custom_imports = dict(imports=['mmseg_gist', 'kill_points'])\n"
            "custom_hooks = [dict(type='KillHook')]\n"
        )
    return config


@pytest.fixture(scope='module')
def uninterrupted(config, tmp_path_factory) -> tuple:
    work_dir = tmp_path_factory.mktemp('uninterrupted')
    done = train(config, work_dir)
    assert done.returncode == 0, done.stderr
    return outcome(work_dir)


# Stages of 5, 3 and 3 iterations, saved after every second and the last one;
# six pseudo-labels, each of two files; a save is two files, last.pth first. A
# run writes the record when it starts.
KILLS = [
    'train:2',  # stage 0, before anything is saved
    'train:4',  # stage 0, after a save
    'train:3',  # stage 0 again, resumed at its third iteration
    'val:2',  # evaluating stage 0
    'replace:2',  # before stage 0 is written into the record
    'replaced:2',  # right after it
    'test:3',  # labeling for stage P
    'replace:3',  # labeling again, between a confidence and its label
    'train:3',  # stage P, after a save
    'replace:2',  # before its last save is in place
    'replace:4',  # before its checkpoint is
    'train:2',  # stage L
]


def test_killed_and_resumed(config, uninterrupted, tmp_path):
    for kill_at in KILLS:
        killed = train(config, tmp_path, '--resume', KILL_AT=kill_at)
        assert killed.returncode == -signal.SIGKILL, (kill_at, killed.stderr)
    resumed = train(config, tmp_path, '--resume')
    assert resumed.returncode == 0, resumed.stderr
    assert 'damaged' not in resumed.stdout
    assert_same(outcome(tmp_path), uninterrupted)


AVERAGES = """
custom_hooks.append(dict(type='EMAHook', momentum=0.3))
train_cfg['initial_val_interval'] = 2
"""


def test_averaged_weights_are_killed_and_resumed(config, uninterrupted, tmp_path):
    """In stage 0 the best of them is looked for; the other stages take the last."""
    averaging = config.with_name('averaging.py')
    averaging.write_text(config.read_text() + AVERAGES)
    done = train(averaging, tmp_path / 'whole')
    assert done.returncode == 0, done.stderr
    expected = outcome(tmp_path / 'whole')
    with pytest.raises(AssertionError, match="'P', 'backbone"):  # by the averaging
        assert_same((None, {'P': expected[1]['P']}), (None, uninterrupted[1]))
    for kill_at in (
        'train:4',  # stage 0, after a save and a validation
        'train:6',  # stage P, after a save
        'replace:4',  # stage P again, before its checkpoint is in place
    ):
        killed = train(averaging, tmp_path / 'cut', '--resume', KILL_AT=kill_at)
        assert killed.returncode == -signal.SIGKILL, (kill_at, killed.stderr)
    resumed = train(averaging, tmp_path / 'cut', '--resume')
    assert resumed.returncode == 0, resumed.stderr
    assert_same(outcome(tmp_path / 'cut'), expected)


def test_workers_do_not_matter(config, uninterrupted, tmp_path):
    done = train(
        config,
        tmp_path,
        '--cfg-options',
        'train_dataloader.num_workers=0',
        'unlabeled_dataloader.num_workers=1',
    )
    assert done.returncode == 0, done.stderr
    assert_same(outcome(tmp_path), uninterrupted)


def test_damaged_files_are_made_again(config, uninterrupted, tmp_path):
    """A truncated checkpoint and a truncated pseudo-label, each said in a line."""
    killed = train(config, tmp_path, KILL_AT='train:8')
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    checkpoint = tmp_path / 'stages/P/last.pth'
    label = next((tmp_path / 'stages/0/pseudo_labels').glob('unlabeled*[0-9].png'))
    for path in (checkpoint, label):
        path.write_bytes(path.read_bytes()[:-20])
    resumed = train(config, tmp_path, '--resume')
    assert resumed.returncode == 0, resumed.stderr
    assert f'{checkpoint} is damaged' in resumed.stdout + resumed.stderr
    assert f'{label} is damaged' in resumed.stdout + resumed.stderr
    assert_same(outcome(tmp_path), uninterrupted)


def test_damaged_checkpoints_of_finished_stages_are_made_again(
    config, uninterrupted, tmp_path
):
    """Truncated: of stage P, which P's child starts from, and of stage 0."""
    killed = train(config, tmp_path, KILL_AT='train:9')
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for name in ('0', 'P'):
        file = tmp_path / 'stages' / name / 'checkpoint.pth'
        file.write_bytes(file.read_bytes()[:-20])
    resumed = train(config, tmp_path, '--resume')
    assert resumed.returncode == 0, resumed.stderr
    for name in ('0', 'P'):
        line = f'stages/{name}/checkpoint.pth is damaged; stage {name} is trained again'
        assert line in resumed.stdout + resumed.stderr
    assert_same(outcome(tmp_path), uninterrupted)


ON_A_SMALL_DISK = 'mkdir "$0" && mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"'


def test_a_full_disk_and_room_again(config, uninterrupted, tmp_path):
    """The disk is a small tmpfs, mounted for the processes of this test alone."""
    alone = ['unshare', '--map-root-user', '--mount']
    mount = [*alone, 'mount', '-t', 'tmpfs', 'tmpfs', tmp_path]
    if not shutil.which('unshare') or subprocess.run(mount).returncode:
        pytest.skip('this machine does not let a user mount a tmpfs')
    disk, kept = tmp_path / 'disk', tmp_path / 'kept'
    tool = [sys.executable, '-W', 'ignore', ROOT / 'tests/support/full_disk.py']
    done = subprocess.run(
        [*alone, 'sh', '-c', ON_A_SMALL_DISK, disk, *tool, config, disk, kept],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f'no space left on the disk of {disk}') == 3, done.stderr
    assert re.findall('^status (.+)', done.stderr, re.M) == ['1', '1', '1', '0']
    assert 'Traceback' not in done.stderr
    assert_same(outcome(kept), uninterrupted)


def test_killed_at_thirty_random_moments(config, uninterrupted, tmp_path):
    """Forks that are killed after some CPU time, wherever they are then."""
    tool = ROOT / 'tests/support/killed_at_random.py'
    done = forked.run(tool, config, tmp_path, '30', '0')
    assert done.returncode == 0, done.stderr
    runs = list(tmp_path.iterdir())
    assert 1 <= len(runs) < 30
    for run in runs:
        assert_same(outcome(run), uninterrupted)
