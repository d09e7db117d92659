import errno
import fcntl
import math
import os
import os.path as osp
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

import torch
from mmengine.dist import barrier, get_world_size, is_main_process, master_only
from mmengine.registry import init_default_scope
from mmengine.runner import BaseLoop, Runner, load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import DATASETS, LOOPS
from torch import nn

from mmseg_gist.datasets.data_check import check_datasets, check_there
from mmseg_gist.datasets.labels import class_metainfo
from mmseg_gist.datasets.output_check import check_output_folder
from mmseg_gist.engine.optim import optim_wrapper_for
from mmseg_gist.engine.runner.quiet_runner import leave_out_noise
from mmseg_gist.missing import check_missing, given_model
from mmseg_gist.utils import UserError, at_least_one, unformatted, unwrapped, why

from .fingerprint import changed, fingerprint, id_lists
from .labeler import check_label_files
from .live_curves import curve_points
from .path import ROOT, StagePath, from_name
from .plain_config import drop_worker_settings, plain_config
from .policies import PolicySet
from .record import RUN_CONFIG, Record
from .registry import EXECUTORS, POLICIES, build
from .rehearsal import rehearse
from .reliability import remove_thirds
from .settings_check import check_settings
from .stage import Stage
from .training import clean_up, is_whole, remove_results


@LOOPS.register_module()
class IterativeSelfTrainingLoop(BaseLoop):
    """Trains in stages: asks the policy, trains, writes the record, asks again.

    Stage 0 trains on the human labels; each further stage starts from its
    parent's weights (or, with ``restart``, from those that stage 0 started from),
    with a new optimizer and schedule, on human labels or on the parent's
    pseudo-labels as the policy says. When the policy asks for
    nothing more, the stage with the best mIoU on the development set (the
    config's ``val_dataloader``) is the result: the Runner's model gets its
    weights.

    The work dir holds ``record.json`` and, for each stage,
    ``stages/<path>``, an ordinary mmseg work dir with ``checkpoint.pth``.

    The Runner's hooks with a method ``after_stage(runner, record, row)`` are called
    after each stage, with the :class:`Record` and the stage's row of it;
    ``runner.train_loop.cfg`` is the config of the run.

    Args:
        runner (Runner): Its config is the user's.
        dataloader (dict): Config of the human-labeled images.
        policy (dict): Config of a policy, e.g.
            ``dict(type='RIST', num_stages=9, num_paths=2, seed=0)``.
        stage_iters (int, optional): Iterations of stages 1, 2, ...
        stage_ratio (float, optional): Where ``stage_iters`` is not given, the
            length of these stages over that of stage 0, ``initial_iters``.
        initial_iters (int): Iterations of stage 0, and of all stages with
            ``restart``. Stage 0 does not train where ``load_from`` gives a model,
            which then is stage 0.
        initial_val_interval (int, optional): Iterations between two evaluations of
            stage 0 on the development set. Its result is the best model of these;
            without the setting, its last model.
        restart (bool): Whether stages 1, 2, ... start where stage 0 did, from the
            weights that the model's ``init_cfg`` names, and train with its
            iterations, optimizer and schedule, even if ``stage_iters``, ``stage_ratio``
            and ``refinement`` differ. They take only the pseudo-labels from their
            parents. A model that ``load_from`` gives is stage 0, not
            its start. Defaults to False.
        reliable (float | Sequence[float], optional): The share of the unlabeled
            images, in (0, 1], that a stage may draw: those whose pseudo-labels are
            the most reliable, see :mod:`mmseg_gist.self_training.reliability`. A
            list gives the share by the stage's depth, as for ``label_erase.keep``.
            Defaults to all images.
        label_erase (dict, optional): Arguments of :class:`LabelErase`, which comes
            right after the step that loads pseudo-labels, e.g. ``dict(keep=0.7)``, or
            ``dict(keep=[0.2, 0.6, 1.0])`` by the stage's depth.
            Defaults to the one in the unlabeled set's pipeline, if any.
        perturbation (dict, optional): What is done to pseudo-labeled images alone:
            ``mask`` and ``augmentation`` of :class:`SelfTrainingSegmentor`.
        labeling (dict, optional): ``scales`` (factors of the size at which images
            are labeled) and ``flip`` (whether images are also mirrored), over which
            pseudo-labels are averaged. By default images are labeled as they are.
        temperature_scaling (dict, optional): Arguments of :class:`TemperatureScaling`,
            e.g. ``dict(T=0.2)``. Its largest probability is the confidence of a
            pseudo-label. With a ``type`` it is another transform of logits to
            probabilities. Defaults to ``dict(T=1.0)``.
        consistency (dict, optional): ``loss_weight`` and ``dropout_ratio`` of
            :class:`ConsistencyLoss` and ``momentum`` of
            :class:`MeanTeacherHook`, for stages 1, 2, ... None for no
            consistency loss.
        refinement (dict, optional): Settings of the config that differ in
            stages 1, 2, ..., e.g.
            ``dict(optim_wrapper=dict(optimizer=dict(lr=1e-4)))``.
        executor (dict, optional): Where stages run, e.g.
            ``dict(type='RayExecutor', num_gpus_per_stage=1)``. Defaults to one
            after the other in this process.
        keep (str): ``'all'`` checkpoints and pseudo-labels, or ``'best'``:
            those of the best stage, and of others only as long as the policy
            may need them. Defaults to ``'all'``.

    Raises:
        UserError: A setting, the data, the model or the work dir does not fit.
    """

    # what mmengine's Runner asks of a loop
    max_epochs = 1
    epoch = 0
    iter = 0
    val_begin = 0
    val_interval = 0

    def __init__(
        self,
        runner: Runner,
        dataloader: dict,
        policy: dict,
        stage_iters: int | None = None,
        initial_iters: int = 0,
        initial_val_interval: int | None = None,
        stage_ratio: float | None = None,
        restart: bool = False,
        reliable: float | Sequence[float] | None = None,
        label_erase: dict | None = None,
        perturbation: dict | None = None,
        labeling: dict | None = None,
        temperature_scaling: dict | None = None,
        consistency: dict | None = None,
        refinement: dict | None = None,
        executor: dict | None = None,
        keep: str = 'all',
        **others,
    ) -> None:
        self._runner = runner
        if others:
            raise UserError(
                f'train_cfg has {", ".join(others)}, which self-training does not '
                'use: remove it; train_cfg=dict(_delete_=True, ...) removes what '
                'comes from a base, such as a schedule'
            )
        init_default_scope('mmseg')  # where all that a stage uses is registered
        runner.cfg = plain_config(runner.cfg)
        self.policy = build(POLICIES, policy, 'train_cfg.policy')
        executor = executor or dict(type='SerialExecutor')
        self.executor = build(EXECUTORS, executor, 'train_cfg.executor')
        if initial_val_interval is not None:
            at_least_one('initial_val_interval', initial_val_interval)
        if keep not in ('all', 'best'):
            raise UserError(f"train_cfg.keep = {keep!r}: it must be 'all' or 'best'")
        self.keep = keep
        # for Runners that other tools have built, too
        leave_out_noise(runner.logger, runner.cfg.get('log_level', 'INFO'))
        self.cfg = unformatted(deepcopy(runner.cfg))
        check_there(self.cfg, 'unlabeled_dataloader', 'val_dataloader')
        if restart or not self.cfg.get('load_from'):
            at_least_one('initial_iters', initial_iters)
        length_given = restart or stage_iters is not None
        if not length_given and not (stage_ratio and initial_iters):
            raise UserError(
                'train_cfg.stage_iters, the iterations of a stage, is missing: set it, '
                'or stage_ratio and initial_iters'
            )
        self.max_iters = at_least_one('stage_iters', Stage(self.cfg, ('L',)).iters)
        self.record_file = osp.join(self.cfg.work_dir, 'record.json')
        new = not osp.exists(self.record_file)
        check_missing(dict(self.cfg, resume=not new))
        check_settings(self.cfg)
        check_output_folder(self.cfg, self.cfg.work_dir, '--work-dir')
        self.resume = runner._resume
        if self._kept_record() is None:
            self._check_model()
        if new and is_main_process():
            report = check_datasets(self.cfg)
            self._tell_missing_classes(report)
            for line in report['notes']:
                self._runner.logger.warning(line)
        barrier()
        self.cfg.metainfo = class_metainfo(dataloader['dataset'])
        check_label_files(self.cfg)
        if new:
            rehearse(self.cfg, self.policy)
        # Only the stages' Runners train and evaluate; this one builds what they have.
        for loader in (runner._val_dataloader, runner._test_dataloader):
            if isinstance(loader, dict):
                drop_worker_settings(loader)
        runner.optim_wrapper = optim_wrapper_for(runner.model, self.cfg.optim_wrapper)
        # it has nothing to load or resume, either
        runner._resume, runner._load_from = False, None
        runner.param_schedulers = None

    def _tell_missing_classes(self, report: dict) -> None:
        pixels = report['sets']['val']['pixels']
        names = [name for name, n in zip(report['classes'], pixels) if n == 0]
        if names:
            self._runner.logger.warning(
                f'The development set has no {", ".join(names)}: its mIoU, which '
                'decides, is the mean over the other classes'
            )

    def run(self) -> nn.Module:
        """Trains until the policy asks for nothing more.

        Returns:
            nn.Module: The Runner's model, with the weights of the best stage.
        """
        self._tell_lengths()
        try:
            with only_run_in(self.cfg.work_dir):
                record = self._open_record()
                self._train_stages(record)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UserError(
                f'no space left on the disk of {self.cfg.work_dir}; make room and '
                'continue with --resume'
            ) from error
        failed = [row for row in record.stages if row['status'] == 'failed']
        if failed:
            reasons = '; '.join(f'{row["path"]}: {row["reason"]}' for row in failed)
            self.runner.logger.warning(f'Stages that failed: {reasons}')
        if isinstance(self.policy, PolicySet):
            table = record.policies_table(self.policy.policies)
            self.runner.logger.info(f'The best stage of each policy:\n{table}')
        best = osp.join(self.cfg.work_dir, record[record.best]['checkpoint'])
        self.runner.logger.info(f'All stages are finished. Best checkpoint: {best}')
        load_checkpoint(
            unwrapped(self.runner.model), best, map_location='cpu', strict=True
        )
        return self.runner.model

    def _tell_lengths(self) -> None:
        dataset = dict(self.cfg.unlabeled_dataloader['dataset'], pipeline=[])
        pool = len(DATASETS.build(dict(dataset, serialize_data=False)))
        iters, first = self.max_iters, Stage(self.cfg, ROOT).iters
        loader = Stage(self.cfg, ('P',)).cfg.unlabeled_dataloader
        seen = iters * loader.batch_size * get_world_size()
        self.runner.logger.info(
            f'Stage 0 has {first} iterations, and each later stage has {iters}. '
            f'A stage on pseudo-labels draws {seen} images, {seen / pool:.1f} times '
            f'the {pool} unlabeled ones'
        )

    def _train_stages(self, record: Record) -> None:
        for path, score in record.scores.items():
            if score is not None:
                clean_up(Stage(self.cfg, path))
        running = set()
        while True:
            self._remove_thirds(record, running)
            following = self._following(record)
            if self.keep == 'best':
                self._remove_unneeded(record, following)
            if not following:
                return
            for path in following:
                if path not in running:
                    self.executor.submit(Stage(self.cfg, path))
                    running.add(path)
            try:
                row = self.executor.next_finished()
            except Exception as error:
                if getattr(error, 'errno', None) != errno.ENOSPC:  # no room for a log
                    self._say_what_stays(record)
                raise
            path = from_name(row['path'])
            running.remove(path)
            record.add(row)
            self.runner.visualizer.add_scalars(
                curve_points(record, row, self.cfg.metainfo['classes']),
                step=len(record.stages) - 1,
            )
            if row['status'] == 'finished':  # else its last state is kept
                clean_up(Stage(self.cfg, path))
            else:
                self._say_why(row, others=bool(self.policy(record.scores)))
            self.runner.logger.info(f'Stages so far:\n{record.table()}')
            self.runner.call_hook('after_stage', record=record, row=row)

    def _say_what_stays(self, record: Record) -> None:
        if record.stages:
            best = osp.join(self.cfg.work_dir, record[record.best]['checkpoint'])
            self.runner.logger.warning(
                'A stage could not be trained. The others are kept: continue with '
                '--resume, or with other settings in another --work-dir from '
                f'load_from={best}'
            )

    def _say_why(self, row: dict, others: bool) -> None:
        if path := from_name(row['path']):  # the end of stage 0 is that of the run
            self.runner.logger.warning(
                f'Stage {row["path"]} failed: {row["reason"]}. '
                + ('Other paths continue. ' if others else '')
                + 'To train it with other settings, start in another --work-dir from '
                f'load_from={Stage(self.cfg, path).parent_checkpoint}'
            )

    def _following(self, record: Record) -> list[StagePath]:
        if ROOT not in record.scores:
            return [ROOT]
        if record.scores[ROOT] is None:
            raise UserError(
                f'stage 0 failed: {record[ROOT]["reason"]}; lower the learning rate '
                'and start in another --work-dir'
            )
        following = self.policy(record.scores)
        for path in following:
            stage = Stage(self.cfg, path)
            if not osp.exists(stage.parent_checkpoint):
                raise UserError(
                    f'{stage.parent_checkpoint}, which stage {stage.name} starts '
                    "from, is gone (train_cfg.keep='best' removes what was not needed "
                    'then): start in another --work-dir'
                )
        return following

    @master_only
    def _remove_unneeded(self, record: Record, following: list[StagePath]) -> None:
        """Removes what no stage will start from or learn from anymore.

        A finished stage may still be asked for a child as long as stages of its
        own depth, or nearer to the root, are being asked for.
        """
        parents = {path[:-1] for path in following}
        depth = min(map(len, following), default=math.inf)
        for path in record.scores.keys() - parents - {record.best}:
            if len(path) < depth:
                remove_results(Stage(self.cfg, path))

    @master_only
    def _remove_thirds(self, record: Record, running: set[StagePath]) -> None:
        """Removes the models at thirds that have already ranked images."""
        for path in record.scores.keys() - {child[:-1] for child in running if child}:
            stage = Stage(self.cfg, path)
            if osp.exists(stage.reliability_file):
                remove_thirds(stage)

    def _kept_record(self) -> Record | None:
        """The record of the run that is resumed; None for a new run."""
        file = self.record_file
        if not osp.exists(file):
            stages = osp.join(self.cfg.work_dir, 'stages')
            if osp.exists(stages):  # nobody knows which run's
                raise UserError(
                    f'{stages} exists, but not the record of its stages: remove it, '
                    'or choose another --work-dir'
                )
            return None
        if not self.resume:
            raise UserError(
                f'{file} exists: continue it with --resume, or choose another '
                '--work-dir'
            )
        record = Record.load(file)
        names = changed(record.run['settings'], fingerprint(self.cfg))
        # records of earlier versions have no lists
        lists = id_lists(self.cfg)
        names += changed(record.run.setdefault('lists', lists), lists)
        seed = (self.cfg.get('randomness') or {}).get('seed')
        if seed not in (None, record.run['seed']):
            names.append('randomness.seed')
        if names:
            raise UserError(
                f'{file} was made with other settings ({", ".join(names)}): '
                'choose another --work-dir'
            )
        return record

    def _open_record(self) -> Record:
        record = self._kept_record()
        barrier()  # all processes have looked before the first one writes it
        if record is None:
            settings, lists = fingerprint(self.cfg), id_lists(self.cfg)
            run = dict(seed=self.runner.seed, settings=settings, lists=lists)
            record = Record(self.record_file, run)
        self._forget_damaged(record)
        record.run['policy'] = self.cfg.train_cfg.policy.to_dict()
        record.save()  # the seed is kept before anything is trained with it
        if is_main_process():
            # mmengine also dumps the config of a run that is refused
            self.runner.cfg.dump(osp.join(self.cfg.work_dir, RUN_CONFIG))
        self.cfg.randomness = dict(
            self.cfg.get('randomness') or {}, seed=record.run['seed']
        )
        barrier()
        return record

    def _forget_damaged(self, record: Record) -> None:
        """Drops stages whose checkpoint is damaged, so that they are trained again."""
        for row in list(record.stages):
            file = osp.join(self.cfg.work_dir, row.get('checkpoint', ''))
            if osp.isfile(file) and not is_whole(file):
                record.stages.remove(row)
                self.runner.logger.warning(
                    f'{file} is damaged; stage {row["path"]} is trained again'
                )

    def _check_model(self) -> None:
        """Checks that the checkpoint given as stage 0 is of this very model."""
        file = given_model(self.cfg)
        if not file:
            return
        if '://' in file:  # as mmengine's Runner loads it
            try:
                content = CheckpointLoader.load_checkpoint(file, map_location='cpu')
            except Exception as error:  # each protocol has errors of its own
                raise UserError(
                    f'{file} cannot be loaded ({why(error)}): correct load_from, or '
                    'download it'
                ) from error
        else:
            content = torch.load(file, map_location='cpu', weights_only=False)
        given = {k: v.shape for k, v in content.get('state_dict', content).items()}
        model = unwrapped(self.runner.model)
        needed = {k: v.shape for k, v in model.state_dict().items()}
        names = [
            key
            for key in needed.keys() | given.keys()
            # BatchNorm's counters are not in older files, and not needed
            if given.get(key) != needed.get(key) and 'num_batches_tracked' not in key
        ]
        if names:
            name = min(names)
            raise UserError(
                f'{file} is not of this model: {len(names)} tensors differ, such as '
                f'{name} ({_shape(given.get(name))} in the file, '
                f'{_shape(needed.get(name))} in the model); correct load_from or '
                'num_classes'
            )


@contextmanager
def only_run_in(work_dir: str) -> Iterator[None]:
    """Keeps a second run out of the work dir.

    Raises:
        UserError: Another run is training there.
    """
    if not is_main_process():
        yield
        return
    with open(osp.join(work_dir, 'lock'), 'a') as file:
        try:  # lockf: the workers of a killed run do not keep holding it
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f'another run is training in {work_dir}: wait for it, or choose '
                'another --work-dir'
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _shape(shape) -> str:
    return 'missing' if shape is None else str(tuple(shape))
