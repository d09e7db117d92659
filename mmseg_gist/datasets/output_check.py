"""Finds outputs that would replace or become inputs, before they are written."""

import os.path as osp
from collections.abc import Collection, Iterator

from mmseg.registry import DATASETS

from mmseg_gist.utils import UserError

from .labels import inner_datasets

SUFFIX = '.png'  # all images are written with it
LOADERS = [f'{name}_dataloader' for name in ('train', 'unlabeled', 'val', 'test')]


def check_output_folder(cfg: dict, folder: str, option: str) -> None:
    """Checks that a data set that takes all images of a folder finds no outputs there.

    Args:
        cfg (mmengine.Config): The config.
        folder: Where outputs will be, at any depth.
        option: Its command line option.

    Raises:
        UserError: The check fails.
    """
    for loader, dataset in _datasets(cfg):
        root, prefix = dataset.get('data_root') or '', dataset.get('data_prefix') or {}
        images = osp.join(root, prefix.get('img_path') or '')
        ann_file = dataset.get('ann_file')
        if ann_file and not osp.isdir(osp.join(root, ann_file)):
            continue
        if not SUFFIX.endswith(dataset.get('img_suffix', '.jpg')):
            continue
        if _is_within(folder, images):
            raise UserError(
                f'{folder}: is inside {images}, from which {loader} takes every '
                f'image, so it would also take the outputs: choose another {option}'
            )


def check_output_files(cfg: dict, files: Collection[str], option: str) -> None:
    """Checks that no output replaces an image or a label of the config.

    Args:
        cfg (mmengine.Config): The config.
        files: Paths of the outputs.
        option: The command line option of their folder.

    Raises:
        UserError: The check fails.
    """
    there = {osp.realpath(file): file for file in files if osp.exists(file)}
    for loader, dataset in _datasets(cfg if there else {}):
        try:
            items = DATASETS.build(dict(dataset, pipeline=[], serialize_data=False))
        except Exception:  # what is not there cannot be lost
            continue
        for index in range(len(items)):
            info = items.get_data_info(index)
            for key in ('img_path', 'seg_map_path'):
                if key in info and (file := there.get(osp.realpath(info[key]))):
                    raise UserError(
                        f'{file}: is an input of {loader}: choose another {option}'
                    )


def _datasets(cfg: dict) -> Iterator[tuple[str, dict]]:
    for loader in LOADERS:
        if cfg.get(loader):
            for dataset in inner_datasets(cfg[loader]['dataset']):
                yield loader, dataset


def _is_within(folder: str, other: str) -> bool:
    folder, other = osp.realpath(folder), osp.realpath(other)
    return osp.commonpath([folder, other]) == other
