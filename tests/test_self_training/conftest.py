"""A tiny self-training in this process."""

from pathlib import Path

import pytest
from mmengine.config import Config
from tiny import write_tiny


@pytest.fixture(scope='module')
def config_file(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp('data'))


@pytest.fixture
def cfg(config_file, tmp_path) -> Config:
    cfg = Config.fromfile(config_file)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.train_dataloader.num_workers = 0
    return cfg
