"""Trains a stage: parent, label mix, length and seed give its checkpoint and scores.

A stage is one mmengine Runner with its own work dir. Its config follows from the
:class:`Stage`, and nothing else decides what it does.
"""

import io
import logging
import os.path as osp
import shutil
import time
import zipfile
from contextlib import contextmanager
from math import isfinite, nan
from pathlib import Path

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import EMAHook
from mmengine.logging import print_log
from mmengine.runner import Runner, load_checkpoint
from mmengine.runner.checkpoint import weights_to_cpu

from mmseg_gist.engine.hooks import NonFiniteLossError, ProgressHook
from mmseg_gist.utils import UserError, atomic_path, unwrapped

from .config import stage_config
from .label_statistics import human_statistics, pseudo_statistics
from .labeler import label_for
from .memory import peak_memory, reset_peak_memory
from .own_runner import own_runner, whole_images
from .reliability import reliable_images, remove_thirds
from .stage import Stage


def run_stage(stage: Stage) -> dict:
    """Trains and evaluates a stage, or resumes it where it was cut off.

    Args:
        stage: Its parent must be finished. The config of its run has
            ``randomness.seed``, ``work_dir`` and ``metainfo`` set.

    Returns:
        dict: The stage's row of the record.
    """
    row = dict(path=stage.name, iters=stage.iters, seed=stage.seed)
    seconds = {}

    @contextmanager
    def measured(name):
        start = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - start, 1)

    reset_peak_memory()
    erase = images = None
    if not stage.path:
        row |= human_statistics(stage)
    with measured('labeling'):
        if stage.uses_pseudo_labels:
            images, ranked = reliable_images(stage)
            row |= ranked
            files, unlabeled = label_for(stage, images)
            row['pseudo_labels'] = dict(drawn=len(files), unlabeled=unlabeled)
            found, erase = pseudo_statistics(stage, files)
            row |= found
    cfg = stage_config(stage, erase, images)
    trained = is_whole(stage.checkpoint)
    if trained:
        cfg.load_from = stage.checkpoint
    elif progress := resumable(stage.work_dir):
        cfg.load_from, cfg.resume = progress, True
    try:
        with own_runner(cfg) as runner:
            with measured('training'):
                if not trained:
                    if stage.iters:
                        runner.train()
                        take_best(runner)
                    else:
                        runner.call_hook('before_run')  # as mmengine does
                        runner.load_or_resume()
                    save_plain(runner, stage)
            barrier()
            with measured('evaluation'), whole_images():
                row['dev'] = metrics(runner.val())
                if 'mIoU' not in row['dev']:
                    raise UserError(f'val_evaluator gives no mIoU, but {[*row["dev"]]}')
                has_test = cfg.get('test_dataloader') is not None
                test = metrics(runner.test()) if has_test else {}
                # a test set whose labels are withheld has no score
                row['test'] = test if isfinite(test.get('mIoU', nan)) else None
    except NonFiniteLossError as error:
        return dict(row, status='failed', reason=str(error))
    return dict(
        row,
        status='finished',
        checkpoint=osp.relpath(stage.checkpoint, stage.run_cfg.work_dir),
        seconds=seconds,
        memory=peak_memory(),
    )


def is_whole(checkpoint: str) -> bool:
    """Whether a finished stage's checkpoint exists and is complete."""
    return zipfile.is_zipfile(checkpoint)  # a zip's table of contents comes last


def resumable(work_dir: str) -> str | None:
    """The stage's own last checkpoint; None if there is no complete one."""
    path = osp.join(work_dir, ProgressHook.filename)
    if not osp.exists(path):
        return None
    try:
        torch.load(path, map_location='cpu', weights_only=False)
    except Exception as error:  # a truncated file fails in many ways
        message = f'{path} is damaged ({error}); the stage starts again'
        print_log(message, 'current', logging.WARNING)
        return None
    return path


def take_best(runner: Runner) -> None:
    """Gives the model the weights of its best iteration, if the stage looked for it.

    Otherwise the model keeps its last weights, or takes the averages that a user's hook
    keeps: mmengine evaluates and saves those instead of the model's own.
    """
    if not runner.train_loop.val_interval:
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):
                hook.before_val_epoch(runner)
        return
    best = osp.basename(runner.message_hub.get_info('best_ckpt'))
    barrier()  # the main process has written it
    load_checkpoint(
        unwrapped(runner.model),
        osp.join(runner.work_dir, best),  # the work dir may have been moved
        map_location='cpu',
        strict=True,
    )
    runner.logger.info(f'Stage 0 takes {best}, the best on the development set')


def metrics(values: dict) -> dict:
    # IoUMetric rounds percentages to two decimals, but in float32
    return {name: round(float(value), 4) for name, value in values.items()}


def save_plain(runner: Runner, stage: Stage) -> None:
    """Saves the weights as those of the user's plain model, atomically."""
    if not is_main_process():
        return
    meta = dict(
        cfg=stage.cfg.pretty_text,
        seed=runner.seed,
        iter=runner.iter,
        dataset_meta=stage.cfg.metainfo.to_dict(),
    )
    # through memory, so that a full disk raises a clear OSError
    content = io.BytesIO()
    weights = weights_to_cpu(unwrapped(runner.model).state_dict())
    torch.save(dict(meta=meta, state_dict=weights), content)
    with atomic_path(stage.checkpoint) as temporary:
        temporary.write_bytes(content.getbuffer())


def remove_results(stage: Stage) -> None:
    """Removes a finished stage's checkpoint and the pseudo-labels that it made."""
    remove_thirds(stage)
    shutil.rmtree(stage.pseudo_label_dir, ignore_errors=True)
    Path(stage.checkpoint).unlink(missing_ok=True)


def clean_up(stage: Stage) -> None:
    """Removes what only an unfinished stage needs."""
    if is_main_process():
        for pattern in (
            ProgressHook.filename,
            'last_checkpoint',
            'best_*.pth',
            '.*.pth',
        ):
            for file in Path(stage.work_dir).glob(pattern):
                file.unlink(missing_ok=True)
