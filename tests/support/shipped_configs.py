"""The configs that ship."""

from functools import cache

from mmengine.config import Config
from tiny import ROOT

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


def one(pipeline: list, kind: str) -> dict:
    (transform,) = [step for step in pipeline if step['type'] == kind]
    return transform
