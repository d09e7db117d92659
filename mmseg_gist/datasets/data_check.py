"""Finds bad input before a training starts.

The checks go from cheap to expensive: the config, the lists, then every file. The first
fault ends them with one line (:class:`UserError`) that names the file and the way out.
"""

import os.path as osp
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from mmengine import fileio
from mmseg.registry import DATASETS

from mmseg_gist.utils import UserError, tell_missing, why

from .labels import count_values, inner_datasets
from .parallel import map_files
from .reading import Notes, Reader, image_notes, label_fault, told

# The sets of a config and what people call them.
SETS = dict(train='labeled', unlabeled='unlabeled', val='development', test='test')


class _Item(NamedTuple):
    """One image of one set and how the set's pipeline reads it."""

    info: dict
    read_image: Reader
    read_label: Reader | None
    ignore_index: int


def check_datasets(cfg) -> dict:
    """Checks all data sets of a config.

    Args:
        cfg (mmengine.Config): With ``train_dataloader``, ``val_dataloader``,
            ``test_dataloader`` (labeled; human labels) and
            ``unlabeled_dataloader`` (images only). Missing ones and None are left out.

    Returns:
        dict: ``classes`` (tuple of str) and ``sets``, a dict from 'train',
        'unlabeled', 'val', 'test' to a dict of ``images`` (int, their number),
        ``pixels`` (int64 array of shape (C, ), pixels of each class) and
        ``ignored`` (int, pixels of the ignore label); both are None for
        'unlabeled'; and ``notes`` (list of str), lines about images that the pipeline
        damages, see :func:`~.reading.image_notes`, and about a test set that gives no
        score of its own.

    Raises:
        UserError: A list, folder, image or label is missing or cannot be read
            to its end; a label has values outside 0..C-1 and the ignore label, after
            the data set's own mapping, or values that the pipeline changes; an image
            and its label differ in size; a list names an image twice; two sets share an
            image; a set is empty; sets or the model's heads disagree on the classes.
    """
    tell_missing(missing_data(cfg))
    sets, classes = {}, {}
    for name in SETS:
        dataloader = cfg.get(f'{name}_dataloader')
        if dataloader is None:
            continue
        sets[name] = []
        for dataset_cfg in inner_datasets(dataloader['dataset']):
            dataset = _build(dataset_cfg, name)
            sets[name] += _items(dataset, dataset_cfg, labeled=name != 'unlabeled')
            if name != 'unlabeled':
                names = tuple(dataset.metainfo.get('classes') or ())
                classes.setdefault(names, name)
        if not sets[name]:
            raise UserError(
                f'{name}_dataloader: the {SETS[name]} set is empty: '
                f'name images in {_list_name(dataset_cfg)}'
            )

    names = _same_classes(classes)
    _check_heads(cfg.get('model') or {}, len(names))
    test_is_dev = _same_images(sets.get('val'), sets.get('test'))
    _check_disjoint({**sets, 'test': []} if test_is_dev else sets)

    items = [item for name in sets for item in sets[name]]
    looks = map_files(lambda item: _look(item, len(names)), items)
    notes = told(
        (item.info['img_path'], look.notes) for item, look in zip(items, looks)
    )
    counts = iter(look.counts for look in looks)
    report = {}
    for name, items in sets.items():
        of_set = [next(counts) for _ in items]
        report[name] = dict(images=len(items), pixels=None, ignored=None)
        if name != 'unlabeled':
            total = np.sum(of_set, axis=0)
            report[name]['pixels'] = total[: len(names)]
            report[name]['ignored'] = int(total[items[0].ignore_index])
            if not report[name]['pixels'].any():
                fault = f'{name}_dataloader: all labels of the {SETS[name]} set are '
                fault += f'ignored ({items[0].ignore_index}): '
                if name != 'test':
                    raise UserError(f'{fault}name images that have labels')
                # a benchmark may withhold them
                notes.append(f'{fault}the test set gives no score')
    if test_is_dev:
        notes.append(
            'test_dataloader: the test set is the development set: its score is on '
            'the images that choose the best stage'
        )
    return dict(classes=names, sets=report, notes=notes)


def check_there(cfg, *names: str) -> None:
    """Checks that a config has the loaders that a training needs.

    Args:
        cfg (mmengine.Config): The config.
        names: Keys of the config.

    Raises:
        UserError: A loader is missing, or the one of the unlabeled images wraps several
            data sets.
    """
    for name in names:
        if not cfg.get(name):
            raise UserError(f'{name} is missing: this training needs it')
        dataset = cfg[name]['dataset']
        wraps = next(inner_datasets(dataset)) is not dataset
        if name == 'unlabeled_dataloader' and wraps:
            raise UserError(
                f'{name}.dataset is a {dataset["type"]}: name all unlabeled images '
                'in the list of one data set'
            )


def missing_data(cfg) -> list[str]:
    """A line for each list of ids and each folder that is missing."""
    missing = {}
    for name in SETS:
        dataloader = cfg.get(f'{name}_dataloader')
        for dataset in inner_datasets(dataloader['dataset']) if dataloader else ():
            root = dataset.get('data_root') or ''
            ann_file = osp.join(root, dataset.get('ann_file') or '')
            if dataset.get('ann_file') and not fileio.exists(ann_file):
                missing[ann_file] = (
                    f'{ann_file}: no such list of the {SETS[name]} images: correct '
                    f'{name}_dataloader.dataset.ann_file'
                )
            for key, prefix in (dataset.get('data_prefix') or {}).items():
                folder = osp.join(root, prefix or '')
                if folder and folder not in missing and not fileio.exists(folder):
                    missing[folder] = (
                        f'{folder}: no such folder of the {SETS[name]} set: prepare '
                        'the data there (tools/dataset_converters) or correct '
                        f'{name}_dataloader.dataset.data_root and data_prefix.{key}'
                    )
    return list(missing.values())


def _list_name(cfg: dict) -> str:
    """What lists the images: the id list, or else their folder."""
    root = cfg.get('data_root') or ''
    folder = (cfg.get('data_prefix') or {}).get('img_path') or ''
    return osp.join(root, cfg.get('ann_file') or folder)


def _build(cfg: dict, name: str):
    """Builds a data set with all its items, but without its pipeline."""
    try:
        # Serializing fails on an empty list; here an empty list has its own line.
        return DATASETS.build({**cfg, 'pipeline': [], 'serialize_data': False})
    except UnicodeDecodeError as error:
        raise UserError(
            f'{_list_name(cfg)}: is not a list of ids '
            f'({error}): write one id per line, in UTF-8'
        ) from None


def _items(dataset, cfg: dict, labeled: bool) -> list[_Item]:
    """The images of a data set, each once."""
    read_image = Reader(cfg.get('pipeline'), 'Image')
    read_label = Reader(cfg.get('pipeline'), 'Annotations')

    items, seen = [], set()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if '\0' in info['img_path']:
            raise UserError(
                f'{_list_name(cfg)}: names {info["img_path"]!r}, which cannot be a '
                'file: correct it'
            )
        if cfg.get('ann_file') and not fileio.exists(
            info['img_path'], backend_args=dataset.backend_args
        ):
            raise UserError(_missing(info['img_path'], dataset, cfg))
        path = osp.realpath(info['img_path'])
        if path in seen:
            raise UserError(
                f'{_list_name(cfg)}: names {info["img_path"]} twice: remove one of '
                'the two'
            )
        seen.add(path)
        ignore_index = getattr(dataset, 'ignore_index', 255)
        items.append(
            _Item(info, read_image, read_label if labeled else None, ignore_index)
        )
    return items


def _missing(path: str, dataset, cfg: dict) -> str:
    """The line about a missing image that a list names."""
    folder = dataset.data_prefix['img_path']
    line = path.removeprefix(osp.join(folder, '')).removesuffix(dataset.img_suffix)
    return (
        f'{path}: no such image: add it, or correct or remove the line {line!r} of '
        f'{_list_name(cfg)}, where each line is the path of an image in {folder}'
        + (f', without its {dataset.img_suffix}' if dataset.img_suffix else '')
    )


def _same_classes(classes: dict[tuple[str], str]) -> tuple[str]:
    """The classes, which all labeled sets must share."""
    if () in classes:
        raise UserError(
            f'{classes[()]}_dataloader: the data set has no classes: name them, '
            'dataset.metainfo=dict(classes=(...))'
        )
    if len(classes) != 1:
        raise UserError(
            'the sets have different classes: '
            + ', '.join(
                f'{name}_dataloader has {len(names)} ({", ".join(names[:3])}, ...)'
                for names, name in classes.items()
            )
            + ': give all the same metainfo'
        )
    return next(iter(classes))


def _check_heads(model: dict, num_classes: int, prefix: str = 'model') -> None:
    """Checks that every head in the model has as many classes as the data."""
    for key, value in model.items():
        if key in ('decode_head', 'auxiliary_head'):
            heads = value if isinstance(value, (list, tuple)) else [value]
            for head in heads:
                head = head or {}
                if 'boundary_threshold' in head:  # STDC's head for boundaries
                    continue
                found = head.get('num_classes', num_classes)
                if found != num_classes:
                    raise UserError(
                        f'{prefix}.{key} has num_classes={found}, but the data set has '
                        f'{num_classes} classes: set {prefix}.{key}.num_classes='
                        f'{num_classes}'
                    )
                _check_class_weights(head, num_classes, f'{prefix}.{key}')
        elif isinstance(value, dict):
            _check_heads(value, num_classes, f'{prefix}.{key}')


def _check_class_weights(head: dict, num_classes: int, prefix: str) -> None:
    """Checks that losses with class weights have one for each class."""
    losses = head.get('loss_decode') or {}
    for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
        weights = loss.get('class_weight')
        if isinstance(weights, (list, tuple)) and len(weights) != num_classes:
            raise UserError(
                f'{prefix}.loss_decode has {len(weights)} numbers in class_weight, but '
                f'the data set has {num_classes} classes: give one for each class'
            )


def _same_images(some: list[_Item] | None, others: list[_Item] | None) -> bool:
    """Whether two sets exist and have the same images."""
    if not some or not others:
        return False
    paths = [
        {osp.realpath(i.info['img_path']) for i in items} for items in (some, others)
    ]
    return paths[0] == paths[1]


def _check_disjoint(sets: dict[str, list[_Item]]) -> None:
    owner = {}
    for name, items in sets.items():
        for item in items:
            path = osp.realpath(item.info['img_path'])
            other = owner.setdefault(path, name)
            if other != name:
                raise UserError(
                    f'{item.info["img_path"]}: is in both the {SETS[other]} set and '
                    f'the {SETS[name]} set: remove it from the list of '
                    f'{other}_dataloader or of {name}_dataloader'
                )


class _Look(NamedTuple):
    """The pixels of each label value, int64 (256, ), and notes on the image."""

    counts: np.ndarray | None
    notes: Notes


def _look(item: _Item, num_classes: int) -> _Look:
    image_path = item.info['img_path']
    # a copy: reading adds the image to it, and the items live longer than one image
    results = _read(item.read_image, dict(item.info), image_path, 'image')
    labeled = item.read_label is not None
    notes = image_notes(item.read_image, item.info, results['img'], labeled)
    if not labeled:
        return _Look(None, notes)
    height, width = results['img'].shape[:2]

    label_path = item.info['seg_map_path']
    label = _read(item.read_label, results, label_path, 'label')['gt_seg_map']
    if fault := label_fault(item.read_label, item.info):
        raise UserError(f'{label_path}: {fault}')
    if label.ndim != 2:
        raise UserError(
            f'{label_path}: is a color image, but labels must be class indices: '
            'convert it to one channel (tools/dataset_converters)'
        )
    if label.shape != (height, width):
        way_out = 'turn' if label.shape == (width, height) else 'resize'
        raise UserError(
            f'{label_path}: is {label.shape[1]} x {label.shape[0]}, but its image '
            f'{image_path} is {width} x {height}: {way_out} one of the two'
        )
    counts = count_values(label)
    allowed = [*range(num_classes), item.ignore_index]
    wrong = np.setdiff1d(np.flatnonzero(counts), allowed)
    if len(wrong):
        raise UserError(
            f'{label_path}: has label value {wrong[0]} ({counts[wrong[0]]} pixels), '
            f'but only 0 to {num_classes - 1} and {item.ignore_index} (ignored) are '
            'allowed: correct the label or the number of classes'
        )
    return _Look(counts, notes)


def _read(read: Callable, info: dict, path: str, kind: str) -> dict:
    """Reads with the set's own pipeline, to the end of the file."""
    try:
        return read(info)
    except FileNotFoundError:
        raise UserError(
            f'{path}: no such {kind}: add it or take its id out of the list'
        ) from None
    except Exception as error:  # each decoder has errors of its own
        raise UserError(
            f'{path}: this {kind} cannot be read ({why(error, path)}): replace it or '
            'take its id out of the list'
        ) from None
