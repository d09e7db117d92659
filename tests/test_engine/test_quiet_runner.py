"""A run's log shows what the run does, and its configs are quickly written."""

import json
import re
from argparse import Namespace
from pathlib import Path

import mmengine.config.config
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from tiny import write_tiny
from yapf.yapflib import yapf_api

from mmseg_gist.cli import build_runner, load_config
from mmseg_gist.engine.runner.quiet_runner import NOISE, leave_out_noise
from mmseg_gist.utils import UserError

# Frozen parameters, and others with settings of their own.
MORE = """
optim_wrapper['paramwise_cfg'] = dict(
    custom_keys=dict(decode_head=dict(lr_mult=2.0)))
model['backbone']['init_cfg'] = dict(type='Kaiming', layer='Conv2d')
train_cfg.update(initial_iters=2, stage_iters=2)
train_cfg['policy']['path'] = 'P'
"""


@pytest.fixture(scope='module')
def config_file(tmp_path_factory) -> Path:
    file = write_tiny(tmp_path_factory.mktemp('data'))
    file.write_text(file.read_text() + MORE)
    return file


def runner_for(config_file: Path, work_dir: Path, **options):
    options['train_dataloader.num_workers'] = 0
    args = Namespace(
        config=str(config_file),
        cfg_options=options,
        work_dir=str(work_dir),
        launcher='none',
        local_rank=0,
    )
    return build_runner(load_config(args))


def fail(*args, **kwargs):
    raise AssertionError('a config has been formatted')


@pytest.mark.slow
def test_the_log_of_a_run(config_file, tmp_path, capsys, monkeypatch):
    """The environment once, no noise, and of each stage what it does."""
    for module in (mmengine.config.config, yapf_api):
        monkeypatch.setattr(module, 'FormatCode', fail)
    runner_for(config_file, tmp_path).train()
    out = capsys.readouterr().out
    messages = re.split(r'^\d\d/\d\d \d\d:\d\d:\d\d - mmengine - ', out, flags=re.M)
    assert len(messages) > 10
    noisy = [text for text in messages if NOISE.match(text.split(' - ', 1)[-1])]
    assert noisy == []
    assert out.count('System environment') == 1

    for name in ('0', 'P', '0/pseudo_labels'):
        folder = tmp_path / 'stages' / name
        (file,) = folder.glob('2*/*.log')
        start = re.split(r'Iter\(|per class results', file.read_text())[0]
        assert 1 < len(start.splitlines()) <= 5, start
        config = folder / config_file.name
        assert f'the config is {config}' in start.splitlines()[0]
        # the stage, as the standard tools read it
        written = Config.fromfile(config)
        assert written.work_dir == str(folder)
        (beside,) = folder.glob('2*/vis_data/*.py')
        assert written.to_dict() == Config.fromfile(beside).to_dict()
    rows = json.loads((tmp_path / 'record.json').read_text())['stages']
    assert f'Seed {rows[1]["seed"]}, ' in (
        next((tmp_path / 'stages/P').glob('2*/*.log')).read_text()
    )

    with pytest.raises(UserError, match='exists: continue it with --resume'):
        runner_for(config_file, tmp_path).train()
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize(
    'option, value, message',
    [
        ('train_cfg.stage_iters', 0, 'stage_iters = 0 is not'),
        ('val_dataloader.dataset.ann_file', 'none.txt', 'none.txt: no such list'),
        ('load_from', 'none.pth', 'none.pth does not exist'),
    ],
)
def test_an_error_of_the_users_comes_alone(
    config_file, tmp_path, capsys, option, value, message
):
    with pytest.raises(UserError, match=message):
        runner_for(config_file, tmp_path, **{option: value}).train()
    assert capsys.readouterr().out == ''


@pytest.mark.slow
def test_a_runner_of_others(config_file, tmp_path, capsys):
    """Dumps the environment and the config itself, and no more than that."""
    cfg = Config.fromfile(config_file)
    cfg.work_dir = str(tmp_path)
    cfg.train_dataloader.num_workers = 0
    cfg.train_cfg.policy.path = '0'
    Runner.from_cfg(cfg).train()
    out = capsys.readouterr().out
    assert out.count('Config:\n') == out.count('System environment') == 1
    assert 'requires_grad=False\n' not in out


@pytest.mark.parametrize('level, there', [('INFO', False), ('DEBUG', True)])
def test_what_is_noise(capsys, level, there):
    """A warning that only resembles it is none; DEBUG shows all."""
    logger = MMLogger(f'of {level}', log_level=level)
    leave_out_noise(logger, level)
    logger.warning('backbone.bn1.weight is skipped since its requires_grad=False')
    logger.info('paramwise_options -- decode_head.conv_seg.bias:lr=0.1')
    logger.warning('The prefix is not set in metric class IoUMetric.')
    out = capsys.readouterr().out
    assert out.count('mmengine - ') == 3 * there
    for news in (
        'a.weight is skipped since its shape differs',
        'the file said: The prefix is not set in metric class',
        'Stages so far:\nparamwise_options -- ',
    ):
        logger.warning(news)
        assert news in capsys.readouterr().out
