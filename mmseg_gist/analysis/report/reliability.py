"""The images whose labels along a path are the least and the most reliable."""

import os.path as osp
from collections.abc import Sequence

from mmengine.config import Config

from mmseg_gist.datasets.labels import read_label
from mmseg_gist.datasets.reliability import read_list, reliabilities
from mmseg_gist.self_training.labeler import labels_there
from mmseg_gist.self_training.path import StagePath
from mmseg_gist.self_training.stage import Stage

from . import pictures
from .store import COUNTED, SHOWN, Store, spaced

MODELS = 3  # compared, as many as ST++ compares


def read_reliability(
    cfg: Config, along: Sequence[StagePath], store: Store
) -> dict | None:
    """Images by the reliability of their labels.

    They are those of the last stage on the path whose models ranked all images. Where
    there is none, the labels by the last stages on the path are compared, of some
    images.

    Args:
        cfg (Config): The run's config, with ``metainfo``.
        along: The stages on a path whose models made labels.
        store: Where to look first and to keep it.

    Returns:
        dict: ``stage`` (its name), ``earlier`` (the names of those that its labels
        are compared with, none where they are its own models'), ``images`` (their
        number), ``mean``, and ``least`` and ``most``: from the image's path to
        ``photo`` and ``label`` (data URIs) and ``reliability``. None where no labels
        can be compared.
    """
    known = store.get('reliability')
    stages = [Stage(cfg, path) for path in along]
    ranked = [stage for stage in stages if osp.exists(stage.reliability_file)]
    files = {stage.name: labels_there(stage) for stage in ranked[-1:] or stages}
    names = [name for name, found in files.items() if found][-MODELS:]
    images = sorted(set.intersection(*(set(files[name]) for name in names or files)))
    made_of = [names, len(images)]
    few = len(names) < 2 and not ranked
    if few or not images or known and known['made_of'] == made_of:
        return known
    *earlier, last = names
    if ranked:
        values = read_list(ranked[-1].reliability_file)
    else:
        images = spaced(images, COUNTED)
        by_model = [files[name] for name in names]
        values = reliabilities(by_model, images, len(cfg.metainfo.classes))
    order = sorted(values, key=values.get)

    def show(image: str) -> dict:
        label = read_label(files[last][image])
        return dict(
            photo=pictures.photo(image),
            label=pictures.label(label, cfg.metainfo.palette),
            reliability=values[image],
        )

    content = dict(
        made_of=made_of,
        stage=last,
        earlier=earlier,
        images=len(order),
        mean=sum(values.values()) / len(order),
        least={image: show(image) for image in order[:SHOWN]},
        most={image: show(image) for image in order[: -SHOWN - 1 : -1]},
    )
    return store.put('reliability', content)
