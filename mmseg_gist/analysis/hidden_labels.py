"""Pseudo-labels beside the human labels that an experiment hides from training."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_gist.datasets.labels import (
    class_metainfo,
    hidden_label,
    inner_datasets,
    label_sets,
)
from mmseg_gist.self_training.labeler import labels_there
from mmseg_gist.self_training.path import from_name
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import UserError

from .runs import Run, config_of

Function = Callable[[np.ndarray, str], object]


def config_with_classes(run: Run) -> Config:
    """The run's config with ``metainfo``, and mmseg's scope for its data sets."""
    cfg = config_of(run)
    init_default_scope('mmseg')
    cfg.metainfo = class_metainfo(cfg.train_dataloader.dataset)
    return cfg


def pseudo_labels_of(cfg: Config, stage: str) -> dict[str, str]:
    """From image to the index PNG that the stage's model made.

    Raises:
        UserError: It made none.
    """
    files = labels_there(Stage(cfg, from_name(stage)))
    if not files:
        raise UserError(f'{cfg.work_dir}: stage {stage} has made no pseudo-labels')
    return files


def compare(
    cfg: Config, files: dict[str, str], function: Function
) -> Iterator[tuple[str, object]]:
    """Yields each labeled image with a function of its human label and pseudo-label.

    Args:
        cfg: See :func:`config_with_classes`.
        files: See :func:`pseudo_labels_of`.
        function: It gets a human label, (H, W) uint8, and the file of the pseudo-label.
            It runs in threads.

    Raises:
        UserError: An image has no human label, or the labeled set's folder has none of
            the images.
    """
    labeled = next(inner_datasets(cfg.train_dataloader.dataset))
    found = False
    for leaf in inner_datasets(cfg.unlabeled_dataloader):
        (dataset,) = label_sets(dict(labeled, ann_file=leaf.get('ann_file', '')))
        images = (dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
        there = {index: image for index, image in enumerate(images) if image in files}
        apply = partial(_apply, function, dataset)
        with ThreadPoolExecutor() as pool:
            results = pool.map(apply, there, map(files.get, there.values()))
            yield from zip(there.values(), results)
        found = found or bool(there)
    if not found:
        raise UserError(
            f'{next(iter(files))}: the folder of train_dataloader has no such image, '
            'and so no human label to compare with'
        )


def _apply(function: Function, dataset, index: int, file: str):
    return function(hidden_label(dataset, index), file)
