"""Pseudo-labels: a model's predictions on whole unlabeled images."""

import copy
import logging
import os.path as osp
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from mmengine.config import Config
from mmengine.dist import barrier, get_world_size
from mmengine.logging import print_log
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_gist.datasets.draws import draws
from mmseg_gist.datasets.labels import inner_datasets, loads
from mmseg_gist.datasets.output_names import confidence_path
from mmseg_gist.datasets.tta import tta_pipeline
from mmseg_gist.utils import UserError, why

from .config import allow_several_sizes, draw_config, pseudo_labeled
from .own_runner import leave_out_trackers, own_runner, own_runtime, whole_images
from .path import StagePath
from .stage import Stage

# settings that labeling does not use
OF_TRAINING = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler')
OF_DEVELOPMENT = ('val_dataloader', 'val_cfg', 'val_evaluator', 'unlabeled_dataloader')

LabelFiles = dict[StagePath, dict[str, str]]  # files by stage, then by the image's path


def label_for(
    stage: Stage, images: Sequence[int] | None = None
) -> tuple[list[str], int]:
    """Makes the pseudo-labels that a stage draws, unless they exist.

    Args:
        stage: See :func:`mmseg_gist.self_training.training.run_stage`.
        images: Indices of the images that it may draw, ascending. Defaults to all.

    Returns:
        tuple: The pseudo-labels that the stage draws, and how many unlabeled
        images there are. Both are the same after an interruption.
    """
    files = list(label_files(stage).values())
    images = range(len(files)) if images is None else images
    drawn = [images[index] for index in drawn_indices(stage, len(images))]
    label_images(stage, files, drawn)
    return [files[index] for index in drawn], len(files)


def label_images(stage: Stage, files: Sequence[str], images: Sequence[int]) -> None:
    """Makes the pseudo-labels of images, unless they exist.

    The parent's model labels the images, with the development set's pipeline.

    Args:
        stage: The stage that learns from them.
        files: The values of :func:`label_files`.
        images: Indices of the images.
    """
    with ThreadPoolExecutor() as pool:
        done = pool.map(is_labeled, [files[index] for index in images])
        missing = [index for index, is_done in zip(images, done) if not is_done]
    barrier()
    if missing:
        with own_runner(labeler_config(stage, missing)) as runner, whole_images():
            runner.test()
    barrier()


def labeler_config(stage: Stage, indices: list[int]) -> Config:
    """A test of the parent's model whose metric writes pseudo-labels.

    Args:
        stage: The stage that learns from them.
        indices: Indices of the unlabeled images.
    """
    cfg = copy.deepcopy(stage.cfg)
    cfg.work_dir = stage.parent.pseudo_label_dir
    cfg.load_from = stage.parent_checkpoint
    cfg.resume = False
    for key in (*OF_TRAINING, *OF_DEVELOPMENT):
        cfg.pop(key, None)
    loader = stage.cfg.val_dataloader
    pipeline = [
        step
        for step in next(inner_datasets(loader.dataset)).pipeline
        if not loads(step, 'Annotations')
    ]
    dataset = dict(
        pseudo_labeled(stage), pipeline=pipeline, indices=indices, test_mode=True
    )
    settings = stage.cfg.train_cfg
    if labeling := settings.get('labeling'):
        dataset['pipeline'] = tta_pipeline(pipeline, **labeling)
        cfg.model = dict(type='LogitsTTAModel', module=cfg.model)
    cfg.test_dataloader = dict(copy.deepcopy(loader), dataset=dataset)
    cfg.test_cfg = dict(type='TestLoop')
    cfg.test_evaluator = dict(
        type='PseudoLabelWriter', temperature_scaling=temperature_scaling(settings)
    )
    run = osp.basename(stage.run_cfg.work_dir)
    own_runtime(cfg, f'{run}_{stage.parent.name}_pseudo_labels')
    leave_out_trackers(cfg)
    allow_several_sizes(cfg, 'Test')
    return cfg


def temperature_scaling(train_cfg: dict) -> dict:
    """The config of the transform from logits to the probabilities of pseudo-labels."""
    settings = train_cfg.get('temperature_scaling') or {}
    return {'type': 'TemperatureScaling', **settings}


def label_files(stage: Stage) -> dict[str, str]:
    """Maps each unlabeled image to its pseudo-label by the parent's model.

    Pseudo-labels that no stage has drawn yet do not exist.

    Args:
        stage: The stage that learns from them. Its run's config has ``metainfo``.
    """
    # serializing collects garbage, which takes longer than the rest
    settings = dict(pipeline=[], test_mode=True, serialize_data=False)
    dataset = DATASETS.build(dict(pseudo_labeled(stage), **settings))
    items = map(dataset.get_data_info, range(len(dataset)))
    return {item['img_path']: item['seg_map_path'] for item in items}


def check_label_files(cfg: Config) -> None:
    """Checks that every unlabeled image has its own files in the stage's folder.

    :class:`PseudoLabelDataset` ensures this; other classes name files by the ids.

    Args:
        cfg (Config): The user's config with ``work_dir`` and ``metainfo`` set.

    Raises:
        UserError: The files of an image would be elsewhere or those of another image,
            or the data set's own classes are not the labeled set's.
    """
    stage = Stage(cfg, ('P',))
    folder = osp.abspath(stage.parent.pseudo_label_dir)
    owner = {}
    try:
        files = label_files(stage)
    except UserError:
        raise
    except Exception as error:  # each type has errors of its own
        raise UserError(
            f'unlabeled_dataloader.dataset: {why(error)}: set its type to '
            "'PseudoLabelDataset'"
        ) from error
    for image, label in files.items():
        for file in map(osp.normpath, (label, confidence_path(label))):
            other = owner.setdefault(file, image)
            if other != image or not file.startswith(osp.join(folder, '')):
                place = f'that of {other}' if other != image else 'outside its folder'
                raise UserError(
                    f'{image}: its pseudo-label would be {place}: set '
                    "unlabeled_dataloader.dataset.type='PseudoLabelDataset'"
                )


def labels_there(model: Stage) -> dict[str, str]:
    """Maps each unlabeled image that a stage's model has labeled to its label."""
    files = label_files(model.child('P'))
    return {image: file for image, file in files.items() if osp.exists(file)}


def labels_along(stage: Stage) -> LabelFiles:
    """The pseudo-labels by the models along a stage's path, for the images they share.

    Raises:
        UserError: There are none.
    """
    cfg, path = stage.run_cfg, stage.path
    models = (path[:depth] for depth in range(len(path)))
    labels = {model: labels_there(Stage(cfg, model)) for model in models}
    labels = {model: files for model, files in labels.items() if files}
    common = set.intersection(*map(set, labels.values())) if labels else set()
    if not common:
        raise UserError(
            f'{cfg.work_dir}: no image has pseudo-labels of every stage of '
            f'{stage.name}; give a complete path of stages on pseudo-labels'
        )
    return {
        model: {image: files[image] for image in sorted(common)}
        for model, files in labels.items()
    }


def drawn_indices(stage: Stage, size: int) -> list[int]:
    """The indices of the images, of ``size`` unlabeled ones, that a stage draws."""
    kinds = draw_config(stage)
    source = 1 if stage.uses_labels else 0
    # the order of the labeled images does not affect which others are drawn
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
    for _ in range(stage.iters):
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
                image.verify()  # the checksums of all parts of a PNG
        except FileNotFoundError:
            return False
        except Exception as error:  # a damaged file fails in many ways
            message = f'{file} is damaged ({why(error)}); it is made again'
            print_log(message, 'current', logging.WARNING)
            return False
    return True
