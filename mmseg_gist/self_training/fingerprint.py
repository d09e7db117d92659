"""What must not change when a run is resumed."""

import hashlib
import json
import os.path as osp

from mmengine import fileio
from mmengine.config import Config

from mmseg_gist.datasets.labels import inner_datasets
from mmseg_gist.utils import UserError

# where things are and how fast they are loaded does not change the result
LOCATION = {
    'backend_args',
    'checkpoint',
    'data_prefix',
    'data_root',
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
}
SETTINGS = (
    'load_from',
    'model',
    'optim_wrapper',
    'auto_scale_lr',
    'param_scheduler',
    'sync_bn',
    'train_dataloader',
    'unlabeled_dataloader',
    'val_dataloader',
    'val_evaluator',
    'test_dataloader',
    'test_evaluator',
)


def fingerprint(cfg: Config) -> dict[str, str]:
    """A digest of each setting that the stages' results depend on.

    It leaves out the policy, which may get more stages or paths when a run is resumed,
    the executor, and ``keep``. Lists of ids count by the last two parts of their path;
    :func:`id_lists` covers their contents.
    """
    settings = {key: cfg.get(key) for key in SETTINGS}
    for key, value in cfg.train_cfg.items():
        if key not in ('type', 'policy', 'executor', 'keep'):
            settings[f'train_cfg.{key}'] = value
    return {key: _digest(value) for key, value in settings.items() if value is not None}


def id_lists(cfg: Config) -> dict[str, str]:
    """A digest of the contents of each set's lists of ids.

    Raises:
        UserError: A list is missing.
    """
    digests = {}
    for key in SETTINGS:
        if not key.endswith('_dataloader') or cfg.get(key) is None:
            continue
        ids = []
        for leaf in inner_datasets(cfg[key]['dataset']):
            file = osp.join(leaf.get('data_root') or '', leaf.get('ann_file') or '')
            # mmseg takes all images where the list is a folder
            if not leaf.get('ann_file') or fileio.isdir(file):
                continue
            if not fileio.exists(file):
                raise UserError(
                    f'{file}: no such list of ids: correct {key}.dataset.ann_file'
                )
            ids.append(fileio.get(file).split())
        if ids:
            digests[f'ids of {key}'] = _digest(ids)
    return digests


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The names of the settings that differ."""
    return sorted(
        key for key in before.keys() | now.keys() if before.get(key) != now.get(key)
    )


def _digest(value) -> str:
    text = json.dumps(_strip(value), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _strip(value):
    if isinstance(value, dict):
        return {
            key: '/'.join(str(item).split('/')[-2:])
            if key == 'ann_file'
            else _strip(item)
            for key, item in value.items()
            if key not in LOCATION
        }
    if isinstance(value, (list, tuple)):
        return [_strip(item) for item in value]
    return value
