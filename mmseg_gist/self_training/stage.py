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
THIRDS = (1, 2)  # the thirds of a training after which a model is kept to rank images


@dataclass(frozen=True, eq=False)
class Stage:
    """A stage, whose run's config and path determine all that it does.

    Args:
        run_cfg (Config): The user's config with a ``work_dir``. A stage that runs
            also needs ``randomness.seed``, and ``metainfo`` (classes and palette of
            the labeled set).
        path: The stage's path.
    """

    run_cfg: Config
    path: StagePath = ROOT

    @property
    def name(self) -> str:
        return to_name(self.path)

    @property
    def mix(self) -> str:
        """The label mix that it trains on, see :mod:`.path`."""
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
        """The file with its model."""
        return osp.join(self.work_dir, CHECKPOINT)

    @property
    def pseudo_label_dir(self) -> str:
        """The folder of the pseudo-labels that its model makes."""
        return osp.join(self.work_dir, 'pseudo_labels')

    @property
    def thirds_dir(self) -> str:
        """The folder of its models at its thirds, and of their labels."""
        return osp.join(self.work_dir, 'thirds')

    def at_third(self, third: int) -> 'Stage':
        """The stage as it was at one of ``THIRDS``, in a run inside its work dir."""
        run_cfg = copy.deepcopy(self.run_cfg)
        run_cfg.work_dir = osp.join(self.thirds_dir, str(third))
        return Stage(run_cfg, self.path)

    @property
    def reliability_file(self) -> str:
        """The list of all unlabeled images, ranked by its models."""
        return osp.join(self.work_dir, 'reliability.csv')

    @property
    def reliable_share(self) -> float:
        """The share of the unlabeled images that it may draw."""
        share = self.run_cfg.train_cfg.get('reliable')
        return 1.0 if share is None else at_depth(share, len(self.path))

    @property
    def parent_checkpoint(self) -> str | None:
        """The model that makes its pseudo-labels and that it starts from.

        A stage that restarts does not start from it. None if stage 0 is given no model.
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
        """Its iterations; 0 if it is not trained."""
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
    """The value for a stage of a setting that may be a list.

    Args:
        values: One for all stages, or one each for the first, second, ... stage on a
            path. Deeper stages use the last one.
        depth: The stage's depth, 1 for a child of stage 0.
    """
    return float(np.atleast_1d(values)[:depth][-1])


def replacing(settings: dict, changes: dict) -> dict:
    """Marks changes of type, so that they replace a setting instead of merging into it.

    A merge would keep the old type's arguments, such as AdamW's betas for SGD. The
    types of ``optim_wrapper`` share their arguments.
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
