"""What the report takes from label files. Each is read once.

The numbers and pictures of the labels by a stage's model are kept in a JSON file
beside the report: later reports of the run read that, and the labels may be gone
by then (``train_cfg.keep='best'``).
"""

import json
import os.path as osp
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_gist.datasets.check import leaves
from mmseg_gist.datasets.pseudo_label import confidence_path
from mmseg_gist.self_training.config import pseudo_labeled, refined
from mmseg_gist.self_training.path import Path, to_name
from mmseg_gist.utils import atomic_path

from . import pictures

COUNTED = 200  # images of a set whose pixels are counted, evenly spaced
SHOWN = 4  # unlabelled images, and as many labelled ones


class Store:
    """JSON files by name in a folder.

    Args:
        folder: Where they lie; made when the first is written.
        readonly: Nothing is written.
    """

    def __init__(self, folder: FilePath, readonly: bool = False) -> None:
        self.folder = folder
        self.readonly = readonly

    def get(self, name: str) -> dict | None:
        """None if there is no whole file."""
        try:
            return json.loads((self.folder / f'{name}.json').read_text())
        except (OSError, ValueError):
            return None

    def put(self, name: str, content: dict) -> dict:
        if not self.readonly:
            with atomic_path(self.folder / f'{name}.json') as temporary:
                temporary.write_text(json.dumps(content))
        return content


class LabelFiles(NamedTuple):
    """Pseudo-labels by a stage's model.

    Attributes:
        files (dict): From the image's path to its label, those that are there.
        threshold (float): See :func:`erase_threshold`.
    """

    files: dict[str, str]
    threshold: float


def label_files(cfg: Config, stage: Path) -> LabelFiles:
    cfg = refined(cfg, (*stage, 'P'))
    dataset = _build(pseudo_labeled(cfg, stage))
    items = map(dataset.get_data_info, range(len(dataset)))
    files = {item['img_path']: item['seg_map_path'] for item in items}
    return LabelFiles(
        {image: file for image, file in files.items() if osp.exists(file)},
        erase_threshold(cfg),
    )


def erase_threshold(cfg: Config) -> float:
    """Of ``LabelErase`` in the pipeline of the unlabelled set, 0 without it."""
    steps = cfg.unlabeled_dataloader.dataset.get('pipeline') or []
    return max((s.threshold for s in steps if s.type == 'LabelErase'), default=0)


def read_models(cfg: Config, stages: Sequence[Path], store: Store) -> dict[str, dict]:
    """The labels by each stage's model.

    Args:
        cfg (Config): The run's config, with ``metainfo``.
        stages: Those whose models made labels.
        store: Where to look first and to keep it.

    Returns:
        dict: By the stage's name: ``images`` (how many were counted, of
        ``there``), ``pixels`` of each class before label erase, ``kept`` (percent
        of the pixels after it) and ``pictures`` by the image's path, each with
        ``label`` and ``confidence`` (data URIs), ``kept`` (percent) and
        ``mean_confidence`` (0 to 1).
    """
    found = {stage: label_files(cfg, stage) for stage in stages}
    sets = [set(labels.files) for labels in found.values() if labels.files]
    shown = list((store.get('images') or {}).get('unlabeled') or {})
    if not shown and sets:
        shown = spaced(sorted(set.intersection(*sets) or sets[0]), SHOWN)
    models = {}
    for stage, labels in found.items():
        name = to_name(stage)
        made_of = [len(labels.files), labels.threshold, shown]
        model = store.get(name)
        if labels.files and (model is None or model['made_of'] != made_of):
            model = store.put(name, _read_model(labels, shown, cfg.metainfo.palette))
        if model:
            models[name] = model
    return models


def _read_model(labels: LabelFiles, shown: list[str], palette: list) -> dict:
    files, threshold = labels
    pixels = np.zeros(256, np.int64)
    kept = []
    counted = spaced(sorted(files), COUNTED)
    for image in counted:
        label = _read(files[image])
        pixels += np.bincount(label.ravel(), minlength=256)
        if threshold:
            kept.append((_confidence(files[image]) >= threshold * 255).mean())
    drawn = {}
    for image in shown:
        if image in files:
            label, confidence = _read(files[image]), _confidence(files[image])
            is_kept = confidence >= threshold * 255
            drawn[image] = dict(
                label=pictures.label(
                    np.where(is_kept, label, pictures.NOTHING), palette
                ),
                confidence=pictures.confidence(confidence),
                kept=round(100 * float(is_kept.mean()), 1),
                mean_confidence=round(float(confidence.mean()) / 255, 3),
            )
    return dict(
        made_of=[len(files), threshold, shown],
        images=len(counted),
        there=len(files),
        pixels=pixels[: len(palette)].tolist(),
        kept=round(100 * float(np.mean(kept)), 2) if kept else 100.0,
        pictures=drawn,
    )


def read_images(cfg: Config, models: dict[str, dict], store: Store) -> dict[str, dict]:
    """The photographs that are shown, and their human labels.

    Args:
        cfg (Config): The run's config, with ``metainfo``.
        models: See :func:`read_models`.
        store: Where to look first and to keep it.

    Returns:
        dict: ``labeled`` and ``unlabeled``, each from the image's path to
        ``photo`` and ``human`` (data URIs, the latter None where there is no
        human label), and ``pixels`` of each class in the human labels of the
        labelled set.
    """
    images = store.get('images')
    shown = list(dict.fromkeys(name for m in models.values() for name in m['pictures']))
    if images and (images['unlabeled'] or not shown):
        return images
    palette = cfg.metainfo.palette
    human = HumanLabels(cfg)
    pixels = np.zeros(256, np.int64)
    for path in spaced(list(human.files), COUNTED):
        pixels += np.bincount(human.read(human.files[path]).ravel(), minlength=256)

    def show(path: str) -> dict:
        file = human.files.get(path) or human.beside(path)
        with Image.open(path) as image:
            taken = pictures.photo(image)
        truth = pictures.label(human.read(file), palette) if file else None
        return dict(photo=taken, human=truth)

    images = dict(
        labeled={path: show(path) for path in spaced(list(human.files), SHOWN)},
        unlabeled={path: show(path) for path in shown},
        pixels=pixels[: len(palette)].tolist(),
    )
    return store.put('images', images)


class HumanLabels:
    """The labels of the labelled set, read as its own pipeline reads them.

    Attributes:
        files (dict): From the image's path to its label.
    """

    def __init__(self, cfg: Config) -> None:
        self.datasets = []
        self.files = {}
        for leaf in leaves(cfg.train_dataloader.dataset):
            pipeline = [s for s in leaf.pipeline if s.type == 'LoadAnnotations']
            dataset = _build(leaf, pipeline)
            self.datasets.append(dataset)
            items = map(dataset.get_data_info, range(len(dataset)))
            self.files |= {i['img_path']: i['seg_map_path'] for i in items}

    def read(self, file: str) -> np.ndarray:
        """(H, W) uint8, class indices and the ignored."""
        dataset = self.datasets[0]
        return dataset.pipeline(dict(dataset.get_data_info(0), seg_map_path=file))[
            'gt_seg_map'
        ]

    def beside(self, image: str) -> str | None:
        """Where an unlabelled image has a human label all the same.

        In experiments on data sets that are labelled whole it has one, which the
        training does not see.
        """
        for dataset in self.datasets:
            prefix = dataset.data_prefix
            if 'seg_map_path' in prefix and image.endswith(dataset.img_suffix):
                name = osp.relpath(image, prefix['img_path'])
                name = name.removesuffix(dataset.img_suffix) + dataset.seg_map_suffix
                file = osp.join(prefix['seg_map_path'], name)
                if not name.startswith('..') and osp.exists(file):
                    return file
        return None


def spaced(items: list, number: int) -> list:
    """At most so many of them, evenly spaced."""
    step = max(1, len(items) / number)
    return [items[int(i * step)] for i in range(min(number, len(items)))]


def _build(dataset: dict, pipeline: Sequence[dict] = ()):
    # serialising would stop to collect garbage, and takes longer than all else here
    return DATASETS.build(dict(dataset, pipeline=list(pipeline), serialize_data=False))


def _read(file: str) -> np.ndarray:
    with Image.open(file) as image:
        return np.array(image)


def _confidence(file: str) -> np.ndarray:
    return _read(confidence_path(file))


def sets_of(cfg: Config) -> Iterator[tuple[str, str, int | None]]:
    """Yields the name, the lists and the number of images of each set."""
    for name in ('train', 'unlabeled', 'val', 'test'):
        loader = cfg.get(f'{name}_dataloader')
        if loader is None:
            continue
        names, number = [], 0
        for leaf in leaves(loader.dataset):
            place = leaf.get('ann_file') or leaf.get('data_prefix', {}).get('img_path')
            names.append('/'.join(osp.normpath(place or '').split('/')[-3:]))
            try:
                number += len(_build(leaf))
            except Exception:  # the data may lie elsewhere by now
                number = None
                break
        yield name, ', '.join(names), number
