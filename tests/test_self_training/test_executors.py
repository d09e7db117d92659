"""The same stages on Ray: the same record and weights, whatever dies."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from runs import assert_same, command, outcome, surroundings, train
from tiny import write_tiny

from mmseg_gist.self_training.executors import run_stage_in_worker
from mmseg_gist.utils import UserError

ray = pytest.importorskip('ray', reason='Ray is not installed')
ON_RAY = [
    'train_cfg.executor.type=RayExecutor',
    'train_cfg.executor.num_gpus_per_stage=0',
]


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    config = write_tiny(tmp_path_factory.mktemp('data'))
    with config.open('a') as file:
        file.write(
            "custom_imports = dict(imports=['mmseg_gist', 'killing'])\n"
            "custom_hooks = [dict(type='KillHook')]\n"
            "train_cfg['policy'] = dict(type='GIST', num_stages=1)\n"
            'randomness = dict(seed=0)\n'
        )
    return config


@pytest.fixture(scope='module')
def serial(config, tmp_path_factory) -> tuple:
    work_dir = tmp_path_factory.mktemp('serial')
    done = train(config, work_dir, OMP_NUM_THREADS='1')
    assert done.returncode == 0, done.stderr
    return outcome(work_dir)


def test_a_worker_that_dies(config, serial, tmp_path):
    """Killed in stage 0's fourth iteration; from its save at two there are three."""
    done = train(config, tmp_path, '--cfg-options', *ON_RAY, KILL_AT='train:4')
    assert done.returncode == 0, done.stderr
    logs = list(tmp_path.glob('stages/0/*/*.log'))
    assert len(logs) == 2
    assert_same(outcome(tmp_path), serial)


def test_a_machine_that_dies(config, serial, tmp_path):
    cluster_utils = pytest.importorskip('ray.cluster_utils')
    cluster = cluster_utils.Cluster(
        initialize_head=True, head_node_args=dict(num_cpus=0, env_vars=surroundings())
    )
    try:
        machine = cluster.add_node(num_cpus=1, env_vars=surroundings())
        options = [*ON_RAY, f'train_cfg.executor.address={cluster.address}']
        running = subprocess.Popen(
            command(config, tmp_path, '--cfg-options', *options),
            env=surroundings(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        progress = tmp_path / 'stages/0/last.pth'
        while not progress.exists():
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.02)
        cluster.remove_node(machine, allow_graceful=False)
        cluster.add_node(num_cpus=1, env_vars=surroundings())
        assert running.wait() == 0, running.stderr.read()
    finally:
        cluster.shutdown()
    assert_same(outcome(tmp_path), serial)


def test_a_cluster_that_is_too_small(config, tmp_path):
    options = ['train_cfg.executor.num_cpus_per_stage=1000', *ON_RAY]
    done = train(config, tmp_path, '--cfg-options', *options)
    assert done.returncode == 1
    assert 'a stage asks for 1000 CPUs, but the Ray cluster has' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_machine_that_does_not_see_the_work_dir(tmp_path):
    cfg = dict(work_dir='somewhere')
    with pytest.raises(UserError, match='does not see the work dir .*somewhere: put'):
        run_stage_in_worker(cfg, (), str(tmp_path), os.getpid())
    # a folder of that name with another run's lock is not it either
    (tmp_path / 'somewhere').mkdir()
    (tmp_path / 'somewhere/lock').write_text('1')
    with pytest.raises(UserError, match='does not see the work dir'):
        run_stage_in_worker(cfg, (), str(tmp_path), os.getpid())
