"""Pseudo-label bloat: a few classes swallow the others, stage by stage.

A model that learns from its own labels, and then from the labels that it makes
after that, tends to forget rare classes (Fig. 2). The shares of the classes
tell so without any ground truth, before a stage is trained.
"""

import logging
import os.path as osp
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from mmseg.registry import DATASETS
from PIL import Image
from prettytable import PrettyTable

from mmseg_gist.datasets.check import leaves
from mmseg_gist.utils import UserError

from .config import pseudo_labeled
from .labeler import drawn_indices
from .path import Path, from_name, to_name
from .record import Record

Shares = list[float]  # percent of the pixels, by class


class BloatError(RuntimeError):
    """The pseudo-labels of a stage are bloated."""


def swallowed(fresh: Shares, *references: Shares) -> float:
    """The pixels that classes have swallowed: what they hold beyond sound labels.

    .. math:: \\sum_c \\max(0, fresh_c - \\max_r reference_{r,c})

    A class has swallowed what is above its largest reference, so labels that move
    from the model's habits towards the human labels' shares, or the other way,
    are no bloat. Neither is what fluctuates among the rarest classes.

    Args:
        fresh: Of the labels in question.
        references: Of labels that are taken for sound.

    Returns:
        float: In percent of all pixels, 0 to 100.
    """
    return float((np.asarray(fresh) - np.max(references, axis=0)).clip(min=0).sum())


class BloatGuard:
    """Warns of pseudo-label bloat, or stops the path.

    The references of :func:`swallowed` are the human labels and the first
    pseudo-labels on the path: those were made by a model that had never learnt
    from its own labels.

    Args:
        on_bloat (str): ``'warn'``, or ``'stop'``: the stage is recorded as
            failed before it is trained, and the policy goes on with others.
            Defaults to ``'warn'``.
        threshold (float): What may be swallowed, in percent of all pixels.
            Defaults to 4; docs/bloat_guard.md tells why.

    Raises:
        UserError: An argument is none of these.
    """

    def __init__(self, on_bloat: str = 'warn', threshold: float = 4) -> None:
        if on_bloat not in ('warn', 'stop'):
            raise UserError(f"bloat_guard.on_bloat = {on_bloat!r}: 'warn' or 'stop'")
        if not isinstance(threshold, (int, float)) or not 0 < threshold < 100:
            raise UserError(
                f'bloat_guard.threshold = {threshold!r} is no percentage in (0, 100)'
            )
        self.on_bloat = on_bloat
        self.threshold = threshold

    def is_bloated(self, percent: float) -> bool:
        return percent > self.threshold

    def __call__(self, row: dict) -> None:
        """Judges the pseudo-labels of a stage.

        Args:
            row (dict): Of the record, with what :func:`look_at_labels` found.

        Raises:
            BloatError: They are bloated, and a path is to be stopped then.
        """
        if not self.is_bloated(row.get('swallowed', 0)):
            return
        message = (
            f'bloated pseudo-labels: classes hold {row["swallowed"]:.1f} % of the '
            f'pixels beyond their shares in sound labels (more than {self.threshold:g})'
        )
        if self.on_bloat == 'stop':
            raise BloatError(message)
        message = f"stage {row['path']}: {message}; on_bloat='stop' would end the path"
        print_log(message, 'current', logging.WARNING)


def look_at_labels(cfg: Config, path: Path) -> dict:
    """Counts the classes in the pseudo-labels that a stage draws, and logs them.

    Args:
        cfg (Config): See :func:`mmseg_gist.self_training.stage.run_stage`.
        path: Of the stage, whose pseudo-labels are there.

    Returns:
        dict: ``class_shares``, in percent by class, of all pixels before any
        label erase, and ``swallowed``, see :class:`BloatGuard`.
    """
    found = [_look(cfg, path) if is_main_process() else None]
    broadcast_object_list(found)  # a path is stopped by all processes or by none
    return found[0]


def _look(cfg: Config, path: Path) -> dict:
    human = labeled_shares(cfg)
    before = list(shares_before(cfg, path).items())
    fresh = pseudo_label_shares(cfg, path)
    first = before[0][1] if before else fresh
    beyond = round(swallowed(fresh, human, first), 2)
    columns = dict(
        [('human', human), *before[:1], *before[-1:], (to_name(path), fresh)]
    )
    table = PrettyTable(['class', *columns])
    table.align = 'r'
    table.align['class'] = 'l'
    for name, *values in zip(cfg.metainfo.classes, *columns.values()):
        table.add_row([name, *(f'{value:.2f}' for value in values)])
    print_log(
        'Percent of the pixels in human labels and in the pseudo-labels that stages '
        f'train on; classes have swallowed {beyond:.1f}:\n{table}',
        'current',
    )
    return dict(class_shares=fresh, swallowed=beyond)


def shares_before(cfg: Config, path: Path) -> dict[str, Shares]:
    """Of the pseudo-labels that the stages before this one trained on, by name."""
    file = osp.join(cfg.work_dir, 'record.json')
    if not osp.exists(file):
        return {}
    rows = {from_name(row['path']): row for row in Record.load(file).stages}
    ancestors = (path[:depth] for depth in range(1, len(path)))
    rows = [rows[ancestor] for ancestor in ancestors if ancestor in rows]
    return {row['path']: row['class_shares'] for row in rows if 'class_shares' in row}


def pseudo_label_shares(cfg: Config, path: Path) -> Shares:
    """Of those pseudo-labels that a stage draws."""
    dataset = dict(pseudo_labeled(cfg, path[:-1]), pipeline=[], test_mode=True)
    dataset = DATASETS.build(dataset)
    drawn = drawn_indices(cfg, path, len(dataset))
    files = [dataset.get_data_info(index)['seg_map_path'] for index in drawn]
    return shares(count(_read, files), len(cfg.metainfo.classes))


def labeled_shares(cfg: Config) -> Shares:
    """Of the human labels, as their data set reads them."""
    pixels = np.zeros(256, np.int64)
    for leaf in leaves(cfg.train_dataloader.dataset):
        reads = [step for step in leaf.pipeline if 'Annotations' in str(step.type)]
        dataset = DATASETS.build(dict(leaf, pipeline=reads))
        pixels += count(lambda i, d=dataset: d[i]['gt_seg_map'], range(len(dataset)))
    return shares(pixels, len(cfg.metainfo.classes))


def count(read, items: Iterable) -> np.ndarray:
    """Pixels of each label value, int64 of shape (256, ), over many labels."""
    with ThreadPoolExecutor() as pool:
        counts = pool.map(lambda i: np.bincount(read(i).ravel(), minlength=256), items)
        return sum(counts, np.zeros(256, np.int64))


def shares(pixels: Sequence[int], num_classes: int) -> Shares:
    """Percent of each class, ignored pixels left out, to four decimals."""
    pixels = np.asarray(pixels[:num_classes], float)
    return (100 * pixels / max(pixels.sum(), 1)).round(4).tolist()


def _read(file: str) -> np.ndarray:
    with Image.open(file) as image:
        return np.array(image)
