"""Finds the missing files and folders that a config names, before anything starts."""

import glob
import os.path as osp
import re
from collections.abc import Iterator

from mmengine.config import Config

from mmseg_gist.datasets.data_check import missing_data
from mmseg_gist.utils import UserError, tell_missing


def check_missing(cfg: Config) -> None:
    """Check that the files and folders from which a training starts exist.

    Args:
        cfg (Config): The config of any training.

    Raises:
        UserError: Names everything that is missing: lists of ids, folders of images and
            labels, weights, the model that ``load_from`` names.
    """
    missing = [*missing_data(cfg), *missing_weights(cfg.get('model') or {})]
    if not cfg.get('resume'):
        missing += missing_model(cfg)
    tell_missing(missing)


def missing_weights(model: dict, key: str = 'model') -> Iterator[str]:
    """A line for each missing file of weights, anywhere in the model's config."""
    for name, value in model.items():
        if isinstance(value, dict):
            yield from missing_weights(value, f'{key}.{name}')
        elif name == 'checkpoint' and re.fullmatch(r'(?!.*://).*\.pth', str(value)):
            if not osp.exists(value):
                yield (
                    f'{value} does not exist: put the weights there '
                    f'(tools/model_converters), or set {key} to others '
                    '(docs/self_training.md, "First weights")'
                )


def missing_model(cfg: Config) -> Iterator[str]:
    """A line if the model that ``load_from`` names is missing."""
    try:
        file = given_model(cfg)
    except UserError as error:
        yield str(error)
    else:
        if file and '://' not in file and not osp.exists(file):
            yield f'{file} does not exist: correct load_from, or train that model first'


def given_model(cfg: Config) -> str | None:
    """The file that ``load_from`` names.

    It may be a pattern: ``'work_dirs/mine/best_mIoU_iter_*.pth'`` finds the file that
    ``CheckpointHook(save_best='mIoU')`` has kept, whose name has the iteration.

    Raises:
        UserError: A pattern matches no file, or several.
    """
    name = cfg.get('load_from')
    if not name or not glob.has_magic(name) or osp.exists(name):
        return name
    files = sorted(glob.glob(name))
    if len(files) > 1:
        raise UserError(
            f'{name} matches {len(files)} '
            f'files ({", ".join(files)}): set load_from to one of them'
        )
    if not files:
        raise UserError(
            f'{name} matches no file: correct load_from, or train that model first'
        )
    return files[0]
