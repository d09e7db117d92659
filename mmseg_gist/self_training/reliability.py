"""Which unlabeled images a stage may draw: those whose labels are the most reliable.

A model's label of an image is reliable if the models at a third and at two thirds of
its training gave nearly the same, see :mod:`mmseg_gist.datasets.reliability`.
"""

import os.path as osp
import shutil

from mmengine.dist import barrier, is_main_process

from mmseg_gist.datasets.reliability import read_list, reliabilities, write_list

from .labeler import label_files, label_images
from .stage import THIRDS, Stage

NAMED = 10  # images in the record among the most and among the least reliable


def reliable_images(stage: Stage) -> tuple[list[int] | None, dict]:
    """The images that a stage may draw.

    If it may draw only a share of them, the parent's models at its thirds and at its
    end label all images.

    Args:
        stage: See :func:`mmseg_gist.self_training.training.run_stage`.

    Returns:
        tuple: Their indices, ascending, and values for the record. Both are the same
        after an interruption. They are None and empty if all images may be drawn. The
        record's ``reliability`` has ``images`` (how many may be drawn), ``mean``
        (reliability of all images), ``mean_drawn`` (of those that may be drawn), and
        the reliabilities by name of the ``least`` and the ``most`` reliable images.
    """
    share = stage.reliable_share
    if share == 1:
        return None, {}
    files = label_files(stage)
    found = rank_images(stage)
    values = [found[image] for image in files]
    # equal ones stay in the order of the list of ids
    order = sorted(range(len(values)), key=lambda index: -values[index])
    images = sorted(order[: max(1, round(share * len(values)))])

    def mean(indices: list[int]) -> float:
        return round(sum(values[index] for index in indices) / len(indices), 4)

    labels, folder = list(files.values()), stage.parent.pseudo_label_dir

    def named(indices: list[int]) -> dict[str, float]:
        names = [osp.relpath(labels[index], folder) for index in indices]
        return {
            osp.splitext(name)[0]: round(values[index], 4)
            for name, index in zip(names, indices)
        }

    return images, dict(
        reliability=dict(
            images=len(images),
            mean=mean(order),
            mean_drawn=mean(images),
            least=named(order[: -NAMED - 1 : -1]),
            most=named(order[:NAMED]),
        )
    )


def rank_images(stage: Stage) -> dict[str, float]:
    """The reliability of each image's label by the parent's model, see above."""
    file = stage.parent.reliability_file
    there = osp.exists(file)
    barrier()  # all processes have looked before the first one writes it
    if not there:
        at_thirds = (stage.parent.at_third(third) for third in THIRDS)
        labels = []
        for learner in (*(model.child(stage.mix) for model in at_thirds), stage):
            labels.append(label_files(learner))
            files = list(labels[-1].values())
            label_images(learner, files, range(len(files)))
        if is_main_process():
            classes = stage.cfg.metainfo.classes
            values = reliabilities(labels, labels[-1], len(classes))
            rows = [dict(image=i, reliability=v) for i, v in values.items()]
            write_list(rows, file)
        barrier()
    return read_list(file)


def remove_thirds(stage: Stage) -> None:
    """Removes the models at a stage's thirds, and their labels."""
    shutil.rmtree(stage.thirds_dir, ignore_errors=True)
