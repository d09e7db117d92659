"""Pseudo-labels beside the human labels that an experiment hides from training."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from mmseg_gist.cli import Config
from mmseg_gist.datasets.labels import hidden_label, inner_datasets, label_sets
from mmseg_gist.self_training.labeler import labels_there
from mmseg_gist.self_training.path import from_name
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import UserError

Function = Callable[[np.ndarray, str], object]


def pseudo_labels_of(cfg: Config, stage: str) -> dict[str, str]:
    """From image to the index PNG that the stage's model made.

    Raises:
        UserError: It made none.
    """
    files = labels_there(Stage(cfg, from_name(stage)))
    if not files:
        raise UserError(f'{cfg.work_dir}: stage {stage} has made no pseudo-labels')
    return files


def compare(cfg: Config, files: dict[str, str], function: Function) -> Iterator:
    """Yields a function of each human label and its pseudo-label.

    Args:
        cfg: The config of the run, with ``metainfo``.
        files: See :func:`pseudo_labels_of`.
        function: It gets a human label, (H, W) uint8, and the file of the pseudo-label.
            It runs in threads.

    Raises:
        UserError: An image has no human label.
    """
    labeled = next(inner_datasets(cfg.train_dataloader.dataset))
    for leaf in inner_datasets(cfg.unlabeled_dataloader):
        (dataset,) = label_sets(dict(labeled, ann_file=leaf.get('ann_file', '')))
        there = []
        for index in range(len(dataset)):
            if file := files.get(dataset.get_data_info(index)['img_path']):
                there.append((index, file))
        with ThreadPoolExecutor() as pool:
            yield from pool.map(partial(_apply, function, dataset), there)


def _apply(function: Function, dataset, pair: tuple[int, str]):
    index, file = pair
    return function(hidden_label(dataset, index), file)
