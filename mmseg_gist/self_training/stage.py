"""A stage of a run, as data."""

import copy
import os.path as osp
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from mmengine.config import Config

from mmseg_gist.datasets.labels import step_name
from mmseg_gist.missing import given_model
from mmseg_gist.utils import derive_seed

from .path import ROOT, StagePath, alpha_of, to_name, uses_labels, uses_pseudo_labels

CHECKPOINT = 'checkpoint.pth'
THIRDS = (1, 2)  # of a training, at which a model is kept to rank images by


@dataclass(frozen=True, eq=False)
class Stage:
    """All that a stage does follows from the config of its run and its path.

    Args:
        run_cfg (Config): The user's config with a ``work_dir``. A stage that runs
            also needs ``randomness.seed``, and ``metainfo`` (classes and palette of
            the labeled set).
        path: Of the stage.
    """

    run_cfg: Config
    path: StagePath = ROOT

    @property
    def name(self) -> str:
        return to_name(self.path)

    @property
    def mix(self) -> str:
        """The mix of labels that it trains on, see :mod:`.path`."""
        return self.path[-1] if self.path else 'L'

    @property
    def uses_labels(self) -> bool:
        return uses_labels(self.mix)

    @property
    def uses_pseudo_labels(self) -> bool:
        return uses_pseudo_labels(self.mix)

    @property
    def is_mixed(self) -> bool:
        """Whether each batch has both kinds of labels."""
        return alpha_of(self.mix) not in (0, 1, None)

    @property
    def parent(self) -> 'Stage':
        return Stage(self.run_cfg, self.path[:-1])

    def child(self, mix: str) -> 'Stage':
        return Stage(self.run_cfg, (*self.path, mix))

    @cached_property
    def cfg(self) -> Config:
        """The run's config with the settings of the stage's refinement.

        Where the stage restarts, optimizer and schedule stay stage 0's.
        """
        cfg = copy.deepcopy(self.run_cfg)
        if self.path and cfg.train_cfg.get('refinement'):
            changes = cfg.train_cfg.refinement.to_dict()
            if self.restarts:
                for key in ('optim_wrapper', 'param_scheduler'):
                    changes.pop(key, None)
            cfg.merge_from_dict(replacing(cfg, changes))
        return cfg

    @property
    def work_dir(self) -> str:
        return osp.join(self.run_cfg.work_dir, 'stages', self.name)

    @property
    def checkpoint(self) -> str:
        """The file of its model."""
        return osp.join(self.work_dir, CHECKPOINT)

    @property
    def pseudo_label_dir(self) -> str:
        """The folder of the pseudo-labels that its model makes."""
        return osp.join(self.work_dir, 'pseudo_labels')

    @property
    def thirds_dir(self) -> str:
        """The folder of the models that it had at its thirds, and of their labels."""
        return osp.join(self.work_dir, 'thirds')

    def at_third(self, third: int) -> 'Stage':
        """It as it was then, one of ``THIRDS``, in a run inside of its own work dir."""
        run_cfg = copy.deepcopy(self.run_cfg)
        run_cfg.work_dir = osp.join(self.thirds_dir, str(third))
        return Stage(run_cfg, self.path)

    @property
    def reliability_file(self) -> str:
        """The list of all unlabeled images that its models have ranked."""
        return osp.join(self.work_dir, 'reliability.csv')

    @property
    def reliable_share(self) -> float:
        """The share of the unlabeled images that it may draw."""
        share = self.run_cfg.train_cfg.get('reliable')
        return 1.0 if share is None else at_depth(share, len(self.path))

    @property
    def parent_checkpoint(self) -> str | None:
        """The model that it starts from, if it does not restart, and learns from.

        None where stage 0 starts from nothing.
        """
        return self.parent.checkpoint if self.path else given_model(self.run_cfg)

    @property
    def restarts(self) -> bool:
        return bool(self.path and self.run_cfg.train_cfg.get('restart'))

    @property
    def seed(self) -> int:
        return derive_seed(self.run_cfg.randomness.seed, self.name)

    @property
    def iters(self) -> int:
        """Its length, 0 if it is not trained."""
        settings = self.run_cfg.train_cfg
        if not self.path and self.run_cfg.get('load_from'):
            return 0
        if not self.path or self.restarts:
            return settings.initial_iters
        if settings.get('stage_iters') is not None:
            return settings.stage_iters
        return max(1, round(settings.stage_ratio * settings.initial_iters))

    @property
    def label_erase(self) -> dict | None:
        """The config of its :class:`LabelErase`, None if nothing is erased.

        It is ``train_cfg.label_erase``, or else a step of the unlabeled set's pipeline.
        """
        if settings := self.cfg.train_cfg.get('label_erase'):
            return dict(settings, type='LabelErase')
        pipeline = self.cfg.unlabeled_dataloader.dataset.get('pipeline') or []
        steps = (step for step in pipeline if step_name(step) == 'LabelErase')
        return next(steps, None)


def at_depth(values: float | Sequence[float], depth: int) -> float:
    """The value that a setting which may be a list has for a stage.

    Args:
        values: One for all stages, or those of the first, second, ... stage on a
            path, the last of them also that of all deeper ones.
        depth: Of the stage, 1 for a child of stage 0.
    """
    return float(np.atleast_1d(values)[:depth][-1])


def replacing(settings: dict, changes: dict) -> dict:
    """The changes such that what has another type takes the place of the first.

    Merged, it would get the arguments of the other type, as SGD AdamW's betas. Types
    of ``optim_wrapper`` share theirs.
    """
    marked = {}
    for key, change in changes.items():
        setting = settings.get(key)
        if isinstance(change, dict) and isinstance(setting, dict):
            change = replacing(setting, change)
            if key != 'optim_wrapper' and 'type' in change and 'type' in setting:
                if step_name(change) != step_name(setting):
                    change = dict(change, _delete_=True)
        marked[key] = change
    return marked
