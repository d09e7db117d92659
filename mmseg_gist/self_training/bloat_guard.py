"""Pseudo-label bloat: a few classes swallow the others, stage by stage.

A model that learns from its own labels, and then from the labels that it makes
after that, tends to forget rare classes (Fig. 2). The shares of the classes
tell so without any ground truth, before a stage is trained.
"""

import logging
import os.path as osp
from collections.abc import Callable, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from prettytable import PrettyTable

from mmseg_gist.datasets.confidence import histogram, kept_shares
from mmseg_gist.datasets.labels import Shares, count_human_labels, shares
from mmseg_gist.utils import UserError

from .config import erase_limits, label_erase, with_thresholds
from .path import ROOT, Path, from_name, to_name
from .record import Record

LEAST_KEPT = 10  # percent of the pixels; below it nearly nothing is kept


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
    pseudo-labels on the path: those were made by a model that had never learned
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


def look_at_human_labels(cfg: Config) -> dict[str, Shares]:
    """``class_shares`` of the labels that stage 0 trains on, see below."""
    return told_by_main(lambda: dict(class_shares=human_shares(cfg)))


def look_at_labels(
    cfg: Config, path: Path, files: Sequence[str]
) -> tuple[dict, dict | None]:
    """Counts the classes in the pseudo-labels that a stage draws, and logs them.

    Args:
        cfg (Config): See :func:`mmseg_gist.self_training.stage.run_stage`.
        path: Of the stage.
        files: Those pseudo-labels.

    Returns:
        tuple: What goes into the record and, if labels are erased, the config of
        ``LabelErase`` with the thresholds that ``keep`` comes to. The record has
        ``class_shares``, in percent by class, of all pixels before any label
        erase; ``kept``, see :func:`mmseg_gist.datasets.confidence.kept_shares`;
        and ``swallowed``, see :class:`BloatGuard`.
    """
    return told_by_main(lambda: _look(cfg, path, files))


def told_by_main(find: Callable):
    """A path is stopped by all processes or by none."""
    found = [find() if is_main_process() else None]
    broadcast_object_list(found)
    return found[0]


def _look(cfg: Config, path: Path, files: Sequence[str]) -> tuple[dict, dict | None]:
    recorded = shares_before(cfg, path)
    # a stage 0 that an earlier version trained does not tell
    human = recorded.pop(ROOT, None) or human_shares(cfg)
    counts = histogram(files, len(human))
    fresh = shares(counts.sum(axis=1))
    erase = with_thresholds(label_erase(cfg), counts, len(path))
    kept = kept_shares(counts, erase_limits(erase))
    before = [(to_name(stage), found) for stage, found in recorded.items()]
    first = before[0][1] if before else fresh
    beyond = round(swallowed(fresh, human, first), 2)
    columns = dict(
        [('human', human), *before[:1], *before[-1:], (to_name(path), fresh)]
    )
    columns['kept'] = kept['classes']
    table = PrettyTable(['class', *columns])
    table.align = 'r'
    table.align['class'] = 'l'
    for name, *values in zip(cfg.metainfo.classes, *columns.values()):
        table.add_row([name, *('' if v is None else f'{v:.2f}' for v in values)])
    print_log(
        f'Stage {to_name(path)} trains on {kept["all"]:.1f} % of the pixels of its '
        'pseudo-labels. Percent of each class in human labels and in pseudo-labels, '
        f'and how much of it is kept; classes have swallowed {beyond:.1f}:\n{table}',
        'current',
    )
    for line in warnings_of(kept, human, fresh, cfg.metainfo.classes):
        print_log(f'stage {to_name(path)}: {line}', 'current', logging.WARNING)
    return dict(class_shares=fresh, swallowed=beyond, kept=kept), erase


def warnings_of(
    kept: dict, human: Shares, fresh: Shares, classes: Sequence[str]
) -> list[str]:
    """What is wrong with the pseudo-labels of a stage, in words.

    Args:
        kept (dict): See :func:`mmseg_gist.datasets.confidence.kept_shares`.
        human, fresh: Of human labels and of pseudo-labels before label erase.
        classes: Their names.
    """
    lines = []
    if kept['all'] < LEAST_KEPT:
        lines.append(
            f'label erase keeps {kept["all"]:.1f} % of the pixels: lower its '
            'threshold, raise keep or lower T of TemperatureScaling'
        )
    gone = [
        name
        for name, share, before, after in zip(classes, human, fresh, kept['classes'])
        if share and not (before and after)
    ]
    if gone:
        lines.append(f'pseudo-labels have lost {", ".join(gone)}')
    return lines


def shares_before(cfg: Config, path: Path) -> dict[Path, Shares]:
    """``class_shares`` of the stages on the way to this one, as recorded."""
    file = osp.join(cfg.work_dir, 'record.json')
    if not osp.exists(file):
        return {}
    rows = {from_name(row['path']): row for row in Record.load(file).stages}
    return {
        stage: rows[stage]['class_shares']
        for stage in (path[:depth] for depth in range(len(path)))
        if 'class_shares' in rows.get(stage, {})
    }


def human_shares(cfg: Config) -> Shares:
    pixels = count_human_labels(cfg.train_dataloader.dataset)
    return shares(pixels[: len(cfg.metainfo.classes)])
