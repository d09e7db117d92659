"""The configs that ship."""

import re
import shlex
from functools import cache
from pathlib import Path

from mmengine.config import Config
from tiny import ROOT

from mmseg_gist.cli import config_parser, load_config
from mmseg_gist.self_training.config import stage_config
from mmseg_gist.self_training.stage import Stage

FOLDER = ROOT / 'configs'


@cache
def load(name: str) -> Config:
    return Config.fromfile(FOLDER / f'{name}.py')


def stage_of(name: str, *path: str) -> Config:
    """The config of one stage of a self-training config."""
    cfg = load(name).copy()
    cfg.work_dir = 'run'
    cfg.metainfo = dict(classes=[], palette=[])
    return stage_config(Stage(cfg, path))


def commands(page: Path) -> list[str]:
    """The arguments of train.py for each self-training that a page shows."""
    text = page.read_text().replace('\\\n', ' ')
    return re.findall(r'^ *python tools/train.py (configs/gist/.*)$', text, re.M)


def config_of(arguments: str) -> Config:
    """What train.py, in the root of the project, makes of its arguments."""
    config, *options = shlex.split(arguments)
    args = config_parser('').parse_args([str(ROOT / config), *options])
    cfg = load_config(args)
    cfg.pop('launcher')
    return cfg


def one(pipeline: list, kind: str) -> dict:
    (transform,) = [step for step in pipeline if step['type'] == kind]
    return transform
