"""Pseudo-labels: a model's predictions on whole unlabeled images."""

import logging
import os.path as osp
from concurrent.futures import ThreadPoolExecutor

from mmengine.config import Config
from mmengine.dist import barrier, get_world_size
from mmengine.logging import print_log
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_gist.datasets.draws import draws
from mmseg_gist.datasets.output_names import confidence_path
from mmseg_gist.utils import UserError, why

from .config import (
    draw_config,
    labeler_config,
    pseudo_label_dir,
    pseudo_labeled,
    refined,
    stage_iters,
)
from .own_runner import own_runner, whole_images
from .path import ROOT, StagePath, to_name, uses_labels

Labels = dict[StagePath, dict[str, str]]  # files, by stage and by the image's path


def label_for(cfg: Config, path: StagePath) -> tuple[list[str], int]:
    """Makes the pseudo-labels that a stage draws and that are not there yet.

    The parent's model labels them, with the development set's pipeline.

    Args:
        cfg (Config): See :func:`mmseg_gist.self_training.stage.run_stage`.
        path: Of the stage.

    Returns:
        tuple: The pseudo-labels that the stage draws, and how many unlabeled
        images there are. Both are the same after an interruption.
    """
    files = list(label_files(cfg, path[:-1]).values())
    drawn = drawn_indices(cfg, path, len(files))
    with ThreadPoolExecutor() as pool:
        done = pool.map(is_labeled, [files[i] for i in drawn])
        missing = [i for i, is_done in zip(drawn, done) if not is_done]
    barrier()
    if missing:
        with own_runner(labeler_config(cfg, path, missing)) as runner, whole_images():
            runner.test()
    barrier()
    return [files[i] for i in drawn], len(files)


def label_files(cfg: Config, parent: StagePath) -> dict[str, str]:
    """From each unlabeled image to its pseudo-label by the parent's model.

    Those that no stage has drawn so far are not there yet.

    Args:
        cfg (Config): See :func:`mmseg_gist.self_training.stage.run_stage`.
        parent: The stage whose model it is.
    """
    # serializing would stop to collect garbage, which takes longer than the rest
    settings = dict(pipeline=[], test_mode=True, serialize_data=False)
    dataset = DATASETS.build(dict(pseudo_labeled(cfg, parent), **settings))
    items = map(dataset.get_data_info, range(len(dataset)))
    return {item['img_path']: item['seg_map_path'] for item in items}


def check_label_files(cfg: Config) -> None:
    """Every unlabeled image must have files of its own in the stage's folder.

    :class:`PseudoLabelDataset` sees to that; other classes go by the ids.

    Args:
        cfg (Config): The user's config with ``work_dir`` and ``metainfo`` set.

    Raises:
        UserError: Naming the image whose files would be elsewhere or another's, or
            the data set has classes of its own that are not the labeled set's.
    """
    folder = osp.abspath(pseudo_label_dir(cfg, ROOT))
    owner = {}
    try:
        files = label_files(refined(cfg, ('P',)), ROOT)
    except UserError:
        raise
    except Exception as error:  # each type has errors of its own
        raise UserError(
            f'unlabeled_dataloader.dataset: {why(error)}: let its type be '
            "'PseudoLabelDataset'"
        ) from error
    for image, label in files.items():
        for file in map(osp.normpath, (label, confidence_path(label))):
            other = owner.setdefault(file, image)
            if other != image or not file.startswith(osp.join(folder, '')):
                place = f'that of {other}' if other != image else 'outside its folder'
                raise UserError(
                    f'{image}: its pseudo-label would be {place}: let the type of '
                    "unlabeled_dataloader.dataset be 'PseudoLabelDataset'"
                )


def labels_there(cfg: Config, parent: StagePath) -> dict[str, str]:
    """Those of :func:`label_files` that are there, from a run's own config."""
    files = label_files(refined(cfg, (*parent, 'P')), parent)
    return {image: file for image, file in files.items() if osp.exists(file)}


def labels_along(cfg: Config, path: StagePath) -> Labels:
    """The pseudo-labels by the models along a path, of their common images.

    Raises:
        UserError: There are none.
    """
    stages = (path[:depth] for depth in range(len(path)))
    labels = {stage: labels_there(cfg, stage) for stage in stages}
    labels = {stage: files for stage, files in labels.items() if files}
    common = set.intersection(*map(set, labels.values())) if labels else set()
    if not common:
        raise UserError(
            f'{cfg.work_dir}: no image has pseudo-labels of every stage of '
            f'{to_name(path)}; give the path of stages on pseudo-labels, whole'
        )
    return {
        stage: {image: files[image] for image in sorted(common)}
        for stage, files in labels.items()
    }


def drawn_indices(cfg: Config, path: StagePath, size: int) -> list[int]:
    """Which of the unlabeled images the stage draws, ascending."""
    kinds = draw_config(cfg, path)
    source = 1 if uses_labels(path[-1]) else 0
    # the order of the labeled images plays no part in which others are drawn
    sizes = [1] * source + [size]
    world_size = get_world_size()
    batches = [
        draws(
            sizes, kinds['batch_sizes'], kinds['seed'], kinds['choose'],
            rank=rank, world_size=world_size,
        )
        for rank in range(world_size)
    ]  # fmt: skip
    drawn = set()
    for _ in range(stage_iters(cfg, path)):
        for batch in batches:
            drawn.update(draw.index for draw in next(batch) if draw.source == source)
        if len(drawn) == size:
            break
    return sorted(drawn)


def is_labeled(path: str) -> bool:
    """Whether both files of a pseudo-label are there and whole."""
    for file in (path, confidence_path(path)):
        try:
            with Image.open(file) as image:
                image.verify()  # the checksums of all that a PNG consists of
        except FileNotFoundError:
            return False
        except Exception as error:  # a damaged file fails in many ways
            message = f'{file} is damaged ({why(error)}); it is made again'
            print_log(message, 'current', logging.WARNING)
            return False
    return True
