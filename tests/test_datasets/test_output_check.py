"""Outputs that would replace inputs, or become some."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_gist.datasets.output_check import check_output_files, check_output_folder
from mmseg_gist.utils import UserError

PREFIX = dict(img_path='images', seg_map_path='labels')


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    """All images of a folder without labels, and those of a list with labels."""
    monkeypatch.chdir(tmp_path)
    init_default_scope('mmseg')
    for name in ('images/a/x.png', 'labels/a/x.png', 'pool/y.png'):
        Path('data', name).parent.mkdir(parents=True, exist_ok=True)
        Path('data', name).touch()
    Path('ids.txt').write_text('a/x\n')
    Path('link').symlink_to('data')
    labeled = dict(
        type='BaseSegDataset', data_root='data', data_prefix=PREFIX, img_suffix='.png',
        ann_file='../ids.txt', metainfo=dict(classes=('a', 'b')),
    )  # fmt: skip
    pool = dict(
        type='PseudoLabelDataset', data_root='data', img_suffix='.png',
        data_prefix=dict(img_path='pool'),
    )  # fmt: skip
    repeated = dict(type='RepeatDataset', times=2, dataset=labeled)
    gone = dict(labeled, ann_file='gone.txt')
    return Config(
        dict(
            train_dataloader=dict(dataset=repeated),
            unlabeled_dataloader=dict(dataset=pool),
            val_dataloader=dict(dataset=gone),
            test_dataloader=None,
        )
    )


def test_outputs_would_be_inputs(cfg):
    for folder in ('data/pool', 'data/pool/runs', 'link/pool/runs/deep'):
        line = f'{folder}: is inside data/pool, from which unlabeled_dataloader takes'
        with pytest.raises(UserError, match=f'^{line} .* choose another --out$'):
            check_output_folder(cfg, folder, '--out')
    for folder in ('data', 'data/pool_2', 'data/images', 'runs'):
        check_output_folder(cfg, folder, '--out')
    cfg.unlabeled_dataloader.dataset.img_suffix = '.jpg'  # no output is one
    check_output_folder(cfg, 'data/pool/runs', '--out')


def test_outputs_would_replace_inputs(cfg):
    check_output_files(cfg, ['out/a/x.png', 'data/x.png'], '--out')
    Path('data/x.png').touch()  # no set has it
    check_output_files(cfg, ['out/a/x.png', 'data/x.png'], '--out')
    for file, loader in (
        ('data/images/a/x.png', 'train'),
        ('link/labels/a/x.png', 'train'),
        ('data/pool/y.png', 'unlabeled'),
    ):
        line = f'{file}: is an input of {loader}_dataloader: choose another --out'
        with pytest.raises(UserError, match=re.escape(line)):
            check_output_files(cfg, ['out/a/x.png', file], '--out')
