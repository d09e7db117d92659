"""The numbers and pictures that the report takes from label files, each read once.

Those of the labels by a stage's model are kept in a JSON file beside the report. Later
reports of the run read this file, since the labels may be gone by then
(``train_cfg.keep='best'``).
"""

import json
import os.path as osp
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_gist.datasets.confidence import histogram, kept_shares, read_confidence
from mmseg_gist.datasets.labels import (
    count,
    inner_datasets,
    label_sets,
)
from mmseg_gist.self_training.label_erase import (
    by_regions,
    erase_limits,
    with_thresholds,
)
from mmseg_gist.self_training.labeler import labels_there
from mmseg_gist.self_training.path import StagePath, to_name
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import atomic_path

from . import pictures

COUNTED = 200  # images of a set whose pixels are counted, evenly spaced
SHOWN = 4  # unlabeled images, and as many labeled ones


class Store:
    """JSON files by name in a folder.

    Args:
        folder: The folder, created when the first file is written.
        readonly: Whether nothing is written.
    """

    def __init__(self, folder: Path, readonly: bool = False) -> None:
        self.folder = folder
        self.readonly = readonly

    def get(self, name: str) -> dict | None:
        """None if there is no complete file."""
        try:
            return json.loads((self.folder / f'{name}.json').read_text())
        except (OSError, ValueError):
            return None

    def put(self, name: str, content: dict) -> dict:
        if not self.readonly:
            with atomic_path(self.folder / f'{name}.json') as temporary:
                temporary.write_text(json.dumps(content))
        return content


def read_models(
    cfg: Config, stages: Sequence[StagePath], store: Store
) -> dict[str, dict]:
    """The labels by each stage's model.

    Args:
        cfg (Config): The run's config, with ``metainfo``.
        stages: The stages whose models made labels.
        store: Where to look first and to keep the result.

    Returns:
        dict: By the stage's name: ``images`` (how many were counted, of
        ``there``), ``pixels`` of each class before label erase, ``kept`` (percent
        of the pixels after it) and ``pictures`` by the image's path, each with
        ``label`` and ``confidence`` (data URIs), ``kept`` (percent) and
        ``mean_confidence`` (0 to 1).
    """
    erase = Stage(cfg, ('P',)).label_erase
    found = {stage: labels_there(Stage(cfg, stage)) for stage in stages}
    sets = [set(files) for files in found.values() if files]
    shown = list((store.get('images') or {}).get('unlabeled') or {})
    if not shown and sets:
        shown = spaced(sorted(set.intersection(*sets) or sets[0]), SHOWN)
    models = {}
    for stage, files in found.items():
        name = to_name(stage)
        made_of = [len(files), erase, shown]
        model = store.get(name)
        if files and (model is None or model['made_of'] != made_of):
            depth = len(stage) + 1  # of the stages that learn from them
            model = _read_model(files, erase, depth, shown, cfg.metainfo.palette)
            model = store.put(name, dict(made_of=made_of, **model))
        if model:
            models[name] = model
    return models


def _read_model(
    files: dict[str, str],
    erase: dict | None,
    depth: int,
    shown: list[str],
    palette: list,
) -> dict:
    counted = [files[image] for image in spaced(sorted(files), COUNTED)]
    regions = by_regions(erase)
    counts = histogram(counted, len(palette), regions)
    limits = erase_limits(with_thresholds(erase, counts, depth))
    drawn = {}
    for image in shown:
        if image in files:
            label, confidence = read_confidence(files[image], regions)
            is_kept = confidence >= limits[label]
            drawn[image] = dict(
                label=pictures.label(
                    np.where(is_kept, label, pictures.NOTHING), palette
                ),
                confidence=pictures.confidence(confidence),
                kept=round(100 * float(is_kept.mean()), 1),
                mean_confidence=round(float(confidence.mean()) / 255, 3),
            )
    return dict(
        images=len(counted),
        there=len(files),
        pixels=counts.sum(axis=1).tolist(),
        kept=kept_shares(counts, limits)['all'],
        pictures=drawn,
    )


def read_images(cfg: Config, models: dict[str, dict], store: Store) -> dict[str, dict]:
    """The photographs that are shown, and their human labels.

    Args:
        cfg (Config): The run's config, with ``metainfo``.
        models: See :func:`read_models`.
        store: Where to look first and to keep the result.

    Returns:
        dict: ``labeled`` and ``unlabeled``, each from the image's path to
        ``photo`` and ``human`` (data URIs, the latter None where there is no
        human label), and ``pixels`` of each class in the human labels of the
        labeled set.
    """
    images = store.get('images')
    shown = list(dict.fromkeys(name for m in models.values() for name in m['pictures']))
    if images and (images['unlabeled'] or not shown):
        return images
    palette = cfg.metainfo.palette
    human = HumanLabels(cfg)
    labeled = list(human.places)

    def show(path: str) -> dict:
        truth = human.read(path)
        truth = None if truth is None else pictures.label(truth, palette)
        return dict(photo=pictures.photo(path), human=truth)

    images = dict(
        labeled={path: show(path) for path in spaced(labeled, SHOWN)},
        unlabeled={path: show(path) for path in shown},
        pixels=count(human.read, spaced(labeled, COUNTED))[: len(palette)].tolist(),
    )
    return store.put('images', images)


class HumanLabels:
    """Human labels, as the pipeline of the labeled set reads them.

    Attributes:
        places (dict): From each labeled image to its data set and its index.
    """

    def __init__(self, cfg: Config) -> None:
        self.datasets = label_sets(cfg.train_dataloader.dataset)
        self.places = {
            dataset.get_data_info(index)['img_path']: (dataset, index)
            for dataset in self.datasets
            for index in range(len(dataset))
        }

    def read(self, image: str) -> np.ndarray | None:
        """(H, W) uint8, class indices and ignored values; None if there is no label.

        In experiments on fully labeled data sets, unlabeled images have a label as
        well, which the training does not see.
        """
        if image in self.places:
            dataset, index = self.places[image]
            return dataset[index]['gt_seg_map']
        for dataset in self.datasets:
            if file := label_beside(dataset, image):
                info = dict(dataset.get_data_info(0), seg_map_path=file)
                return dataset.pipeline(info)['gt_seg_map']
        return None


def label_beside(dataset: BaseSegDataset, image: str) -> str | None:
    """The file of an image's label in a data set, if it exists."""
    prefix = dataset.data_prefix
    if 'seg_map_path' not in prefix or not image.endswith(dataset.img_suffix):
        return None
    name = osp.relpath(image, prefix['img_path'])
    name = name.removesuffix(dataset.img_suffix) + dataset.seg_map_suffix
    file = osp.join(prefix['seg_map_path'], name)
    return file if not name.startswith('..') and osp.exists(file) else None


def spaced(items: list, number: int) -> list:
    """At most the given number of items, evenly spaced."""
    step = max(1, len(items) / number)
    return [items[int(i * step)] for i in range(min(number, len(items)))]


def sets_of(cfg: Config) -> Iterator[tuple[str, str, int | None]]:
    """Yields the name, the lists and the number of images of each set."""
    for name in ('train', 'unlabeled', 'val', 'test'):
        loader = cfg.get(f'{name}_dataloader')
        if loader is None:
            continue
        names, number = [], 0
        for leaf in inner_datasets(loader.dataset):
            place = leaf.get('ann_file') or leaf.get('data_prefix', {}).get('img_path')
            names.append('/'.join(osp.normpath(place or '').split('/')[-3:]))
            try:
                leaf = dict(leaf, pipeline=[], serialize_data=False)
                number += len(DATASETS.build(leaf))
            except Exception:  # the data may have moved
                number = None
                break
        yield name, ', '.join(names), number
