"""The same stages on Ray: the same record and weights, whatever dies."""

import os
from multiprocessing.connection import wait
from pathlib import Path

import pytest
from forked import Fork
from tiny import write_tiny
from trainings import TRAIN, assert_same, outcome, train

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
            "custom_imports = dict(imports=['mmseg_gist', 'kill_points'])\n"
            "custom_hooks = [dict(type='KillHook')]\n"
            "train_cfg['policy'] = dict(type='GIST', num_stages=1)\n"
            "train_cfg['reliable'] = 0.5\n"
            'randomness = dict(seed=0)\n'
        )
    return config


@pytest.fixture(scope='module')
def serial(config, tmp_path_factory) -> tuple:
    work_dir = tmp_path_factory.mktemp('serial')
    done = train(config, work_dir)
    assert done.returncode == 0, done.stderr
    return outcome(work_dir)


@pytest.mark.slow
def test_a_worker_that_dies(config, serial, tmp_path):
    """Killed in stage 0's fourth iteration; from its save at two there are three."""
    done = train(config, tmp_path, '--cfg-options', *ON_RAY, KILL_AT='train:4')
    assert done.returncode == 0, done.stderr
    logs = list(tmp_path.glob('stages/0/*/*.log'))
    assert len(logs) == 2
    assert_same(outcome(tmp_path), serial)


def test_a_machine_that_does_not_see_the_work_dir(tmp_path):
    cfg = dict(work_dir='somewhere')
    with pytest.raises(UserError, match='does not see the work dir .*somewhere: put'):
        run_stage_in_worker(cfg, (), str(tmp_path), os.getpid())
    # a folder of that name with another run's lock is not it either
    (tmp_path / 'somewhere').mkdir()
    (tmp_path / 'somewhere/lock').write_text('1')
    with pytest.raises(UserError, match='does not see the work dir'):
        run_stage_in_worker(cfg, (), str(tmp_path), os.getpid())


@pytest.fixture(scope='module')
def cluster():
    """Of a machine that trains nothing."""
    cluster_utils = pytest.importorskip('ray.cluster_utils')
    head = dict(num_cpus=0)
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    cluster.shutdown()


def on(cluster) -> list[str]:
    return [*ON_RAY, f'train_cfg.executor.address={cluster.address}']


@pytest.mark.slow
def test_a_machine_that_dies(cluster, config, serial, tmp_path):
    """While it trains stage 0, of which two iterations are saved."""
    alone = config.with_name('stage_0.py')
    policy = "train_cfg['policy'] = dict(type='FixedPath', path='0')\n"
    alone.write_text(config.read_text() + policy)
    pipe = tmp_path / 'stopped'
    os.mkfifo(pipe)
    told = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    machine = cluster.add_node(
        num_cpus=1, env_vars=dict(STOP_AT='train:4', STOPPED=str(pipe))
    )
    work_dir = tmp_path / 'run'
    running = Fork(TRAIN, alone, '--work-dir', work_dir, '--cfg-options', *on(cluster))
    wait([told, running.process.sentinel])
    assert os.read(told, 10) == b'train:4', running.wait().stderr
    os.close(told)
    cluster.remove_node(machine, allow_graceful=False)
    cluster.add_node(num_cpus=1)
    done = running.wait()
    assert done.returncode == 0, done.stderr
    assert len(list(work_dir.glob('stages/0/*/*.log'))) == 2
    record, weights = outcome(work_dir)
    assert_same((record['stages'], weights), (serial[0]['stages'][:1], serial[1]))


@pytest.mark.slow
def test_a_cluster_that_is_too_small(cluster, config, tmp_path):
    options = ['train_cfg.executor.num_cpus_per_stage=1000', *on(cluster)]
    done = train(config, tmp_path, '--cfg-options', *options)
    assert done.returncode == 1
    assert 'a stage asks for 1000 CPUs, but the Ray cluster has' in done.stderr
    assert 'Traceback' not in done.stderr
