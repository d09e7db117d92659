"""tools/train.py and tools/test.py, run as a user runs them."""

import errno
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import forked
import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmseg_gist.cli import run
from mmseg_gist.utils import UserError

ROOT = Path(__file__).resolve().parents[2]

CONFIG = f"""
_base_ = ['{ROOT}/configs/_base_/default_runtime.py']
norm = dict(type='BN')
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.5] * 3, std=[127.5] * 3,
        size=(24, 32), seg_pad_val=255),
    backbone=dict(
        type='UNet', base_channels=4, num_stages=2, strides=(1, 1),
        enc_num_convs=(1, 1), dec_num_convs=(1,), downsamples=(True,),
        enc_dilations=(1, 1), dec_dilations=(1,), norm_cfg=norm),
    decode_head=dict(
        type='FCNHead', in_channels=4, in_index=1, channels=4, num_convs=1,
        num_classes=3, norm_cfg=norm),
    test_cfg=dict(mode='whole'))
test_dataloader = dict(
    batch_size=1, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset', data_prefix=dict(
            img_path='FOLDER/images', seg_map_path='FOLDER/labels'),
        img_suffix='.png', metainfo=dict(
            classes=('a', 'b', 'c'),
            palette=[[0, 0, 0], [255, 0, 0], [0, 255, 0]]),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
                  dict(type='PackSegInputs')]))
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=test_dataloader['dataset'],
    sampler=dict(type='InfiniteSampler', shuffle=True))
test_evaluator = dict(type='IoUMetric')
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=2, max_keep_ckpts=2))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """A random image p, its mirror image q, labels 0 to 2, and a tiny model."""
    folder = tmp_path_factory.mktemp('tiny')
    rng = np.random.default_rng(0)
    for name, shape, top in (('images', (24, 32, 3), 256), ('labels', (24, 32), 3)):
        (folder / name).mkdir()
        array = rng.integers(0, top, shape, dtype=np.uint8)
        Image.fromarray(array).save(folder / name / 'p.png')
        Image.fromarray(array[:, ::-1]).save(folder / name / 'q.png')
    (folder / 'tiny.py').write_text(CONFIG.replace('FOLDER', str(folder)))
    return folder


def command(name: str, folder: Path, *args: str) -> subprocess.CompletedProcess:
    """What a person types, in a new interpreter."""
    return subprocess.run(
        [sys.executable, '-W', 'ignore', ROOT / 'tools' / name, *args],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def tool(name: str, folder: Path, *args: str) -> subprocess.CompletedProcess:
    """The same in a process that starts at once."""
    return forked.run(ROOT / 'tools' / name, *args, cwd=folder)


def scalars(work_dir: Path) -> list[dict]:
    """The lines of the latest run's scalars.json."""
    file = max(work_dir.glob('*/vis_data/scalars.json'))
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope='module')
def trained(folder) -> Path:
    result = tool('train.py', folder, 'tiny.py')
    assert result.returncode == 0, result.stderr
    return folder / 'work_dirs/tiny'  # named after the config


@pytest.mark.slow
def test_train_then_resume(folder, trained):
    assert [line['step'] for line in scalars(trained)] == [1, 2]
    result = command(
        'train.py', folder, 'tiny.py', '--resume', '--work-dir', str(trained),
        '--cfg-options', 'train_cfg.max_iters=3', 'optim_wrapper.optimizer.lr=0.5',
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    (line,) = scalars(trained)
    assert line['step'] == 3  # it continued after step 2
    assert line['lr'] == 0.01  # of the resumed optimizer
    assert 'lr=0.5' in (trained / 'tiny.py').read_text()  # overridden all the same


@pytest.mark.slow
def test_test_writes_predictions_and_painted_images(folder, trained):
    result = command(
        'test.py', folder, 'tiny.py', str(trained / 'iter_2.pth'),
        '--out', 'out', '--show-dir', 'shown', '--work-dir', 'tested',
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    for stem in 'pq':
        mask = np.asarray(Image.open(folder / f'out/{stem}.png'))
        assert mask.shape == (24, 32)
        assert mask.max() <= 2
        painted = np.asarray(Image.open(folder / f'shown/{stem}.png'))
        assert painted.shape == (24, 64, 3)  # the label, then the prediction
    (metrics,) = (folder / 'tested').glob('*/*.json')
    assert 0 <= json.loads(metrics.read_text())['mIoU'] <= 100


@pytest.mark.slow
def test_tta_treats_mirror_images_alike(folder, trained):
    """As q is p mirrored, so are the predictions; without --tta they are not."""
    checkpoint = str(trained / 'iter_2.pth')

    def predict(*args: str) -> list[np.ndarray]:
        result = tool('test.py', folder, 'tiny.py', checkpoint, '--out', 'tta', *args)
        assert result.returncode == 0, result.stderr
        return [np.asarray(Image.open(folder / f'tta/{stem}.png')) for stem in 'pq']

    p, q = predict('--tta')
    assert (p == q[:, ::-1]).all()
    p, q = predict()
    assert (p != q[:, ::-1]).any()


def test_tta_augments_at_the_size_of_testing():
    use_tta = runpy.run_path(str(ROOT / 'tools/test.py'))['use_tta']
    resize = dict(type='Resize', scale=(240, 180), keep_ratio=True)
    load = dict(type='LoadImageFromFile')
    labels, pack = dict(type='LoadAnnotations'), dict(type='PackSegInputs')
    cfg = Config(
        dict(
            model=dict(type='EncoderDecoder'),
            test_dataloader=dict(dataset=dict(pipeline=[load, resize, labels, pack])),
        )
    )
    use_tta(cfg)
    *first, augment = cfg.test_dataloader.dataset.pipeline
    assert first == [load, resize]
    scales, flips, *rest = augment['transforms']
    assert [scale['scale_factor'] for scale in scales] == [0.75, 1.0, 1.25]
    assert [flip['prob'] for flip in flips] == [0.0, 1.0]
    assert rest == [[labels], [pack]]
    assert cfg.model == dict(type='LogitsTTAModel', module=dict(type='EncoderDecoder'))


def test_tta_takes_the_configs_own_pipeline():
    use_tta = runpy.run_path(str(ROOT / 'tools/test.py'))['use_tta']
    own = [dict(type='LoadImageFromFile'), dict(type='TestTimeAug')]
    cfg = Config(
        dict(
            model=dict(type='EncoderDecoder'),
            test_dataloader=dict(dataset=dict(pipeline=[])),
            tta_model=dict(type='MyTTAModel'),
            tta_pipeline=own,
        )
    )
    use_tta(cfg)
    assert cfg.test_dataloader.dataset.pipeline == own
    assert cfg.model.type == 'MyTTAModel'


def test_tta_reaches_wrapped_sets_and_heads_of_one_channel():
    """mmseg's own model takes the sigmoid of one channel twice."""
    use_tta = runpy.run_path(str(ROOT / 'tools/test.py'))['use_tta']
    leaf = dict(pipeline=[dict(type='LoadImageFromFile'), dict(type='PackSegInputs')])
    repeated = dict(type='RepeatDataset', dataset=leaf)
    dataset = dict(type='ConcatDataset', datasets=[leaf, repeated])
    cfg = Config(
        dict(
            model=dict(type='EncoderDecoder'),
            test_dataloader=dict(dataset=dataset),
            tta_model=dict(type='SegTTAModel'),
        )
    )
    use_tta(cfg)
    one, other = cfg.test_dataloader.dataset.datasets
    for pipeline in (one.pipeline, other.dataset.pipeline):
        assert [step['type'] for step in pipeline] == [
            'LoadImageFromFile',
            'TestTimeAug',
        ]
    assert cfg.model.type == 'LogitsTTAModel'


@pytest.mark.slow
def test_a_users_error_is_one_line(folder):
    result = tool('train.py', folder, 'none.py')
    assert result.returncode == 1
    assert result.stderr == 'none.py: there is no such config file\n'


@pytest.mark.parametrize(
    'name, args, message',
    [
        (
            'train.py',
            ['--amp', '--cfg-options', 'optim_wrapper.type=Mine'],
            '--amp replaces an OptimWrapper, but optim_wrapper.type is Mine',
        ),
        ('train.py', ['--amp'], '--amp needs a GPU: leave it out'),
        (
            'test.py',
            ['tiny.py', '--cfg-options', 'test_dataloader=None'],
            'tiny.py: has no test set: add test_dataloader',
        ),
        ('test.py', ['none.pth'], 'none.pth: no such checkpoint file'),
        (
            'test.py',
            ['tiny.py', '--show', '--cfg-options', 'default_hooks.visualization=None'],
            '--show needs default_hooks.visualization',
        ),
        (
            'test.py',
            ['tiny.py', '--out', 'x/../y', '--show-dir', 'y'],
            '--out and --show-dir are both x/../y: choose two folders',
        ),
    ],
)
def test_errors_name_the_setting(folder, monkeypatch, name, args, message):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, 'argv', [name, 'tiny.py', *args])
    main = runpy.run_path(str(ROOT / 'tools' / name))['main']
    if name == 'train.py':
        monkeypatch.setitem(main.__globals__, 'get_device', lambda: 'cpu')
    with pytest.raises(UserError, match=re.escape(message)):
        main()


def test_amp_is_mmengines_own(monkeypatch):
    enable_amp = runpy.run_path(str(ROOT / 'tools/train.py'))['enable_amp']
    monkeypatch.setitem(enable_amp.__globals__, 'get_device', lambda: 'cuda')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', clip_grad=None)))
    enable_amp(cfg)
    assert cfg.optim_wrapper == dict(
        type='AmpOptimWrapper', loss_scale='dynamic', clip_grad=None
    )


def test_a_full_disk_is_told_in_one_line():
    def main():
        raise OSError(errno.ENOSPC, 'No space left on device')

    with pytest.raises(SystemExit, match='^no space left on the disk .*: make room'):
        run(main)


@pytest.mark.parametrize(
    'command, starts, ends',
    [
        (
            ['dist_train.sh', 'a b.py', '2', '--work-dir', 'w d'],
            ['-m', 'torch.distributed.run'],
            ['train.py', 'a b.py', '--launcher', 'pytorch', '--work-dir', 'w d'],
        ),
        (
            ['dist_test.sh', 'c.py', 'k d.pth', '2', '--tta'],
            ['-m', 'torch.distributed.run'],
            ['test.py', 'c.py', 'k d.pth', '--launcher', 'pytorch', '--tta'],
        ),
        (
            ['slurm_train.sh', 'part', 'my job', 'c.py', '--resume'],
            ['--partition=part', '--job-name=my job'],
            ['train.py', 'c.py', '--launcher', 'slurm', '--resume'],
        ),
    ],
)
def test_shell_scripts_pass_arguments_on_whole(tmp_path, command, starts, ends):
    """With stand-ins for python and srun that print one argument a line."""
    for name in ('python', 'srun'):
        (tmp_path / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (tmp_path / name).chmod(0o755)
    env = dict(os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}')
    script, *args = command
    result = subprocess.run(
        [ROOT / 'tools' / script, *args], env=env, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[: len(starts)] == starts
    lines[-len(ends)] = Path(lines[-len(ends)]).name
    assert lines[-len(ends) :] == ends


@pytest.mark.parametrize('name', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_shell_scripts_say_what_they_lack(name):
    result = subprocess.run([ROOT / 'tools' / name], capture_output=True, text=True)
    assert result.returncode != 0
    assert 'usage: ' in result.stderr
