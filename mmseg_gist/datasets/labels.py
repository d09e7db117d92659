"""Labels as their data sets read them, and how common each class is in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_gist.utils import UserError

Shares = list[float]  # percent of the pixels, by class


def inner_datasets(cfg: dict) -> Iterator[dict]:
    """The data sets inside wrappers such as RepeatDataset, ConcatDataset."""
    if 'dataset' in cfg:
        yield from inner_datasets(cfg['dataset'])
    elif 'datasets' in cfg:
        for dataset in cfg['datasets']:
            yield from inner_datasets(dataset)
    else:
        yield cfg


def step_name(step: dict) -> str:
    """The name of a pipeline step, whose type may have a scope or be a class."""
    kind = step['type']
    return (kind if isinstance(kind, str) else kind.__name__).split('.')[-1]


def loads(step: dict, what: str) -> bool:
    """Whether a step, of mmseg or the user, loads ``'Image'`` or ``'Annotations'``."""
    name = step_name(step)
    return name.startswith('Load') and what in name


def loading_steps(pipeline: Sequence[dict] | None, what: str) -> list[dict]:
    """The steps of a pipeline that load ``'Image'`` or ``'Annotations'``.

    They are mmseg's or the user's own; if there are none, mmcv's or mmseg's step is
    used.
    """
    found = [step for step in pipeline or () if loads(step, what)]
    usual = dict(Image='LoadImageFromFile', Annotations='LoadAnnotations')
    return found or [dict(type=usual[what])]


def class_metainfo(cfg: dict) -> dict[str, list]:
    """``classes`` (names) and ``palette`` (R, G, B, 0 to 255) of a data set."""
    dataset = dict(next(inner_datasets(cfg)), pipeline=[], lazy_init=True)
    metainfo = DATASETS.build(dataset).metainfo
    return {key: list(metainfo[key]) for key in ('classes', 'palette')}


def label_sets(cfg: dict) -> list[BaseSegDataset]:
    """The data sets inside a labeled one; their items have only ``gt_seg_map``."""
    return [
        # serializing collects garbage, which takes longer than the rest
        DATASETS.build(
            dict(
                leaf,
                pipeline=loading_steps(leaf.get('pipeline'), 'Annotations'),
                serialize_data=False,
            )
        )
        for leaf in inner_datasets(cfg)
    ]


def hidden_label(dataset, index: int) -> np.ndarray:
    """The human label of an unlabeled image, (H, W) uint8.

    Args:
        dataset: One of :func:`label_sets`.
        index: Index of the image.

    Raises:
        UserError: The image has no human label.
    """
    try:
        return dataset[index]['gt_seg_map']
    except FileNotFoundError as error:
        raise UserError(
            f'{error.filename}: this unlabeled image has no human label to compare with'
        ) from error


def read_label(file: str) -> np.ndarray:
    """An index PNG, (H, W) uint8."""
    with Image.open(file) as image:
        return np.array(image)


def count_values(label: np.ndarray) -> np.ndarray:
    """Pixels of each label value, int64 of shape (256, )."""
    return np.bincount(label.ravel(), minlength=256)


def count(read: Callable, items: Iterable) -> np.ndarray:
    """The sum of :func:`count_values` over many labels, computed in threads.

    Args:
        read: A function from an item to its label.
        items: The items.
    """
    with ThreadPoolExecutor() as pool:
        counts = pool.map(lambda item: count_values(read(item)), items)
        return sum(counts, np.zeros(256, np.int64))


def count_human_labels(cfg: dict) -> np.ndarray:
    """The sum of :func:`count_values` over a labeled set, as its pipeline reads it."""
    counts = [
        count(lambda index, each=each: each[index]['gt_seg_map'], range(len(each)))
        for each in label_sets(cfg)
    ]
    return sum(counts)


def shares(pixels: Sequence[int]) -> Shares:
    """Percent of each class, to four decimals.

    Args:
        pixels: Number of pixels of each class, without ignored pixels.
    """
    pixels = np.asarray(pixels, float)
    return (100 * pixels / max(pixels.sum(), 1)).round(4).tolist()
