"""ClassMix, UniMatch V2 and S4GAN in real trainings on the tiny data."""

import json
import os
import signal
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from forked import Fork
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim.optimizer import amp_optimizer_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from tiny_semi_supervised import HELPERS, LOOP, write_semi
from trainings import train

from mmseg_gist.engine.optim import build
from mmseg_gist.engine.runner.semi_supervised_train_loop import two_sources
from mmseg_gist.utils import UserError

KILLING = """
custom_imports = dict(imports=['mmseg_gist', 'kill_points'])
custom_hooks.append(dict(type='KillHook'))
"""


@pytest.fixture(scope='module', params=HELPERS)
def config(request, tmp_path_factory) -> Path:
    return write_semi(tmp_path_factory.mktemp('data'), request.param)


@pytest.fixture(scope='module')
def killing(config) -> Path:
    """The same, for processes that may be killed."""
    file = config.with_name('killing.py')
    file.write_text(config.read_text() + KILLING)
    return file


@pytest.fixture
def cfg(config, tmp_path) -> Config:
    """For a Runner in this process."""
    cfg = Config.fromfile(config)
    cfg.work_dir = str(tmp_path)
    cfg.train_dataloader.num_workers = 0
    cfg.log_level = 'WARNING'
    return cfg


def saved(work_dir, iteration=5) -> dict:
    return torch.load(Path(work_dir, f'iter_{iteration}.pth'), weights_only=True)


def tensors(value, name='') -> dict:
    """All tensors of nested dicts and lists, by their place."""
    if isinstance(value, torch.Tensor):
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = {}
    for key, inner in items:
        if isinstance(inner, dict | list | torch.Tensor):
            found.update(tensors(inner, f'{name}.{key}'))
    return found


def assert_same(one: dict, other: dict) -> None:
    one, other = tensors(one), tensors(other)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture(scope='module')
def uninterrupted(killing, tmp_path_factory) -> Path:
    work_dir = tmp_path_factory.mktemp('uninterrupted')
    done = train(killing, work_dir)
    assert done.returncode == 0, done.stderr
    return work_dir


@pytest.mark.slow
def test_killed_and_resumed(config, killing, uninterrupted, tmp_path):
    """Saved after the second and the fourth iteration, killed in the fourth."""
    killed = train(killing, tmp_path, KILL_AT='train:4')
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / 'last_checkpoint').read_text().endswith('iter_2.pth')
    options = ['--cfg-options', 'train_dataloader.num_workers=0']
    resumed = train(killing, tmp_path, '--resume', *options)
    assert resumed.returncode == 0, resumed.stderr
    ours, expected = saved(tmp_path), saved(uninterrupted)
    for part in ('state_dict', 'optimizer', HELPERS[algorithm(config)]):
        assert tensors(expected[part])
        assert_same(ours[part], expected[part])


def algorithm(config: Path) -> str:
    return Config.fromfile(config).model.type


@pytest.mark.slow
def test_checkpoints_are_plain(config, uninterrupted):
    """They load strictly into the segmentor, which predicts alike."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(config)
    state_dict = saved(uninterrupted)['state_dict']
    model, plain = MODELS.build(cfg.model), MODELS.build(cfg.model.segmentor)
    for one in (model, plain):
        one.load_state_dict(state_dict, strict=True)
        one.eval()
    images = torch.rand(2, 3, 16, 24)
    assert torch.equal(model(images), plain(images))
    assert model(images).abs().max() > 0.01


@pytest.mark.slow
def test_the_development_set_is_evaluated(config, uninterrupted):
    """After the fifth iteration, as val_interval says, and at no other time."""
    (log,) = uninterrupted.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row['step'] for row in rows if 'mIoU' in row] == [5]
    losses = [row for row in rows if 'loss' in row]
    assert [row['step'] for row in losses] == [1, 2, 3, 4, 5]
    rate = 'segmentor.lr' if algorithm(config) == 'S4GAN' else 'lr'
    expected = [0.05 * (1 - i / 4) ** 0.9 for i in range(5)]
    assert [row[rate] for row in losses] == pytest.approx(expected)


class StopHook(Hook):
    """Asks for the end after the fourth iteration, as EarlyStoppingHook may."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        runner.train_loop.stop_training = batch_idx == 3


@pytest.mark.slow
def test_validation_and_the_end_are_as_mmengine_has_them(cfg):
    cfg.train_cfg.update(val_interval=1, val_begin=2, dynamic_intervals=[(3, 2)])
    runner = Runner.from_cfg(cfg)
    evaluated = []
    runner.register_hook(StopHook())
    runner._val_loop = SimpleNamespace(run=lambda: evaluated.append(runner.iter))
    runner.build_val_loop = lambda loop: loop
    runner.train()
    assert runner.iter == 4  # of five
    # from 2 on after each, from 3 on after every second
    assert evaluated == [2, 4]


@pytest.mark.slow
@pytest.mark.parametrize('config', ['ClassMix'], indirect=True)
def test_the_loop_refines_it(config, uninterrupted, tmp_path):
    """Its checkpoint, plain as all are, is stage 0 of a self-training."""
    checkpoint = uninterrupted / 'iter_5.pth'
    refined = tmp_path / 'refined.py'
    text, _, _ = config.read_text().partition(LOOP)
    refined.write_text(f"{text}\nload_from = '{checkpoint}'\n")
    done = train(refined, tmp_path / 'run')
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / 'run/record.json').read_text())
    stages = [(s['path'], s['iters'], s['status']) for s in record['stages']]
    assert stages == [
        ('0', 0, 'finished'),
        ('P', 3, 'finished'),
        ('PL', 3, 'finished'),
    ]
    stage = torch.load(tmp_path / 'run/stages/0/checkpoint.pth', weights_only=True)
    assert_same(stage['state_dict'], saved(uninterrupted)['state_dict'])


def test_the_iterations_draw_both_kinds_and_move_the_weights(cfg):
    runner = Runner.from_cfg(cfg)
    model = runner.model
    before = {k: v.clone() for k, v in tensors(model.state_dict()).items()}
    helper = getattr(model, HELPERS[cfg.model.type])
    seen = []
    model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs), with_kwargs=True
    )
    first = {name: p.detach().clone() for name, p in helper.named_parameters()}
    runner.train()
    steps = [kwargs for kwargs in seen if kwargs['mode'] == 'loss']
    assert len(steps) == 5
    for kwargs in steps:
        sources = [s.metainfo['source'] for s in kwargs['data_samples']]
        assert sources == [0, 0, 1, 1]
        names = [Path(s.img_path).stem[:5] for s in kwargs['data_samples']]
        assert names == ['label'] * 2 + ['unlab'] * 2
        labeled = ['gt_sem_seg' in s for s in kwargs['data_samples']]
        assert labeled == [True, True, False, False]
    moved = [
        k for k, v in before.items() if not torch.equal(v, model.state_dict()[k[1:]])
    ]
    assert len(moved) > 5
    moved = [not torch.equal(p, first[n]) for n, p in helper.named_parameters()]
    assert sum(moved) > 5
    assert model.training  # also after the evaluation


def test_bad_data_are_told_before_the_training(cfg, tmp_path):
    cfg.unlabeled_dataloader.dataset.ann_file = 'labeled.txt'
    with pytest.raises(
        UserError, match='in both the labeled set and the unlabeled set'
    ):
        Runner.from_cfg(cfg).train()


@pytest.mark.slow
def test_mixed_precision(cfg, monkeypatch):
    """On the CPU in bfloat16; the loss scaling is that of the GPU."""
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(build, 'get_device', lambda: 'cuda')
    scaler = partial(torch.amp.GradScaler, 'cpu')
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', scaler)
    cfg.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')
    runner = Runner.from_cfg(cfg)
    dtypes = set()
    for module in runner.model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda m, args, out: dtypes.add(out.dtype))
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()
    assert torch.bfloat16 in dtypes
    after = runner.model.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    weights = [name for name in before if name.endswith('conv.weight')]
    assert weights and all(not torch.equal(before[n], after[n]) for n in weights)


DISTRIBUTED = """
import sys, torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.runner import Runner
import mmseg_gist
dist.init_process_group('gloo')
cfg = Config.fromfile(sys.argv[1])
cfg.work_dir, cfg.launcher = sys.argv[2], 'pytorch'
cfg.model_wrapper_cfg = dict(device_ids=None, broadcast_buffers=False)
cfg.train_dataloader.num_workers = 0
runner = Runner.from_cfg(cfg)
drawn = []
def see(module, args, kwargs):
    if kwargs['mode'] == 'loss':
        drawn.append([sample.img_path for sample in kwargs['data_samples']])
runner.model.module.register_forward_pre_hook(see, with_kwargs=True)
runner.train()
parameters = dict(runner.model.module.named_parameters())
torch.save(dict(drawn=drawn, parameters={k: v.detach() for k, v in parameters.items()}),
           f'{sys.argv[2]}/rank{dist.get_rank()}.pth')
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_learn_the_same_from_different_images(config, tmp_path):
    (tmp_path / 'run').mkdir()
    script = tmp_path / 'distributed.py'
    script.write_text(DISTRIBUTED)
    port = str(20000 + os.getpid() % 20000)
    processes = [
        Fork(
            script, config, tmp_path / 'run',
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2',
            MASTER_ADDR='127.0.0.1', MASTER_PORT=port,
        )
        for rank in range(2)
    ]  # fmt: skip
    for process in processes:
        done = process.wait()
        assert done.returncode == 0, done.stderr
    one, other = (torch.load(tmp_path / f'run/rank{rank}.pth') for rank in range(2))
    assert_same(one['parameters'], other['parameters'])
    for ours, others in zip(one['drawn'], other['drawn']):
        assert len(ours) == 4 and not set(ours) & set(others)
    helper = HELPERS[algorithm(config)]
    assert any(name.startswith(helper) for name in one['parameters'])
    # the checkpoint of the first process is the model of both
    state_dict = saved(tmp_path / 'run')['state_dict']
    for name, value in other['parameters'].items():
        if name.startswith('segmentor.'):
            assert torch.equal(state_dict[name.removeprefix('segmentor.')], value)


# -------------------------------------------------------------- the dataloader


def test_a_batch_of_two_sources():
    labeled = dict(
        batch_size=3,
        num_workers=2,
        sampler=dict(type='InfiniteSampler'),
        batch_sampler=None,
        dataset=dict(type='Labeled'),
    )
    steps = ['LoadImageFromFile', 'LoadAnnotations', 'LabelErase', 'PackSegInputs']
    unlabeled = dict(type='Unlabeled', pipeline=[dict(type=step) for step in steps])
    kept = [dict(type=step) for step in ('LoadImageFromFile', 'PackSegInputs')]
    assert two_sources(labeled, unlabeled) == dict(
        batch_size=6,
        num_workers=2,
        sampler=dict(type='DrawSampler', batch_sizes=[3, 3]),
        dataset=dict(
            type='DrawDataset',
            datasets=[
                dict(type='Labeled'),
                dict(type='Unlabeled', pipeline=kept),
            ],
        ),
    )
    assert len(unlabeled['pipeline']) == 4
