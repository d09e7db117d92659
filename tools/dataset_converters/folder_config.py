"""Writes the two config files for a user's own data."""

from collections.abc import Sequence
from pathlib import Path
from string import Template

import numpy as np
from mmcv import rescale_size

from mmseg_gist.utils import atomic_path

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
LONGEST = 513

DATASET = Template("""\
# Made by tools/dataset_converters/folder.py; the lists of ids are beside it.
lists = r'''{{ fileDirname }}/'''
metainfo = dict(
    classes=(
$classes
    ),
    palette=[
$palette
    ],
)

# Images are resized to this long side: a longer side shows more and costs more.
# All sides are 16 k + 1, which keeps the features of training and test aligned.
long_side = $long_side
crop_size = $crop_size  # height, width
test_size = $test_size  # height, width; all resized images fit

loading = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
resize = dict(type='RandomResize', scale=(long_side, long_side), keep_ratio=True)
cropping = [
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_pipeline = [*loading, dict(resize, ratio_range=(0.5, 1.5)), *cropping]
# A pseudo-label is what the model sees in the whole image: a crop that shows little
# of the image contradicts its label.
unlabeled_pipeline = [*loading, dict(resize, ratio_range=(0.75, 1.25)), *cropping]
# Labels keep their full size: predictions are resized to it.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(long_side, long_side), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]

unlabeled = dict(
    type='PseudoLabelDataset',
    data_prefix=dict(img_path=$images),
    img_suffix=$image_suffix,
)
labeled = dict(
    type='BaseSegDataset',
    data_prefix=dict(
        img_path=$images,
        seg_map_path=$labels,
    ),
    img_suffix=$image_suffix,
    seg_map_suffix=$label_suffix,
    metainfo=metainfo,
)
training = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
)
evaluation = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
train_dataloader = dict(
    training,
    dataset=dict(labeled, ann_file=f'{lists}labeled.txt', pipeline=train_pipeline),
)
unlabeled_dataloader = dict(
    training,
    dataset=dict(
        unlabeled, ann_file=f'{lists}unlabeled.txt', pipeline=unlabeled_pipeline
    ),
)
val_dataloader = dict(
    evaluation,
    dataset=dict(labeled, ann_file=f'{lists}dev.txt', pipeline=test_pipeline),
)
# classes that occur in no label of the development set do not count
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'], labeled_only=True)
""")

TEST_SET = """\
test_dataloader = dict(
    evaluation,
    dataset=dict(labeled, ann_file=f'{lists}test.txt', pipeline=test_pipeline),
)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
"""

SELF_TRAINING = Template("""\
# Self-training on $numbers images.
# For another model, replace the first base with that model's (segformer_mit-b0.py,
# unet.py, ...) and remove data_preprocessor, which is for EfficientNet-Lite.
_base_ = [
    $model,
    './dataset.py',
    $self_training,
]
model = dict(
    data_preprocessor=dict(
        size={{_base_.crop_size}},
        size_divisor=None,
        test_cfg=dict(size={{_base_.test_size}}),
    ),
    decode_head=dict(num_classes=$num_classes),
)
train_cfg = dict(policy=dict(type='RIST', num_stages=6, num_paths=2, seed=0))
""")


def choose_sizes(sizes: Sequence[tuple[int, int]]) -> dict:
    """Chooses the sizes for training and testing.

    The median long side of the images is kept, up to ``LONGEST``. Crops measure two
    thirds of it, like the paper's 321 of VOC's 500, but no more than the images
    themselves. All sizes are rounded to 16 k + 1, as
    :class:`mmseg_gist.models.backbones.EfficientNetLite` explains.

    Args:
        sizes: Width and height of each image.

    Returns:
        ``long_side`` (int), ``crop_size`` and ``test_size`` (height, width).
    """
    middle = np.median([max(size) for size in sizes])
    long_side = _to_sixteenths(min(middle, LONGEST), np.round)
    resized = [rescale_size(size, (long_side, long_side)) for size in set(sizes)]
    width, height = (_to_sixteenths(side, np.ceil) for side in np.max(resized, axis=0))
    crop = _to_sixteenths(long_side * 2 / 3, np.round)
    crop_size = (min(crop, height), min(crop, width))
    return dict(
        long_side=long_side,
        crop_size=crop_size,
        test_size=(height, width),
    )


def _to_sixteenths(side: float, rounded) -> int:
    return 16 * max(int(rounded((side - 1) / 16)), 1) + 1


def write_configs(
    out: Path,
    images: Path,
    labels: Path,
    suffixes: tuple[str, str],
    metainfo: dict,
    sizes: Sequence[tuple[int, int]],
    numbers: dict[str, int],
) -> Path:
    """Writes ``dataset.py`` and the config that trains.

    Args:
        out: Folder of the lists.
        images: Folder of the images.
        labels: Folder of the labels.
        suffixes: Suffixes of the images and of the labels.
        metainfo: ``classes`` and ``palette``.
        sizes: Width and height of each image.
        numbers: Number of images in each set; with ``'test'`` there is a test set.

    Returns:
        The config for ``tools/train.py``, named after the folder.
    """
    content = DATASET.substitute(
        choose_sizes(sizes),
        **{
            key: '\n'.join(f'        {value!r},' for value in metainfo[key])
            for key in ('classes', 'palette')
        },
        images=repr(images.resolve().as_posix()),
        labels=repr(labels.resolve().as_posix()),
        image_suffix=repr(suffixes[0]),
        label_suffix=repr(suffixes[1]),
    )
    _write(out / 'dataset.py', content + (TEST_SET if 'test' in numbers else ''))

    bases = CONFIGS / '_base_'
    content = SELF_TRAINING.substitute(
        numbers=', '.join(f'{number} {name}' for name, number in numbers.items()),
        model=repr((bases / 'models/deeplabv3plus_efficientnet-lite0.py').as_posix()),
        self_training=repr((bases / 'self_training/adamw.py').as_posix()),
        num_classes=len(metainfo['classes']),
    )
    if 'test' not in numbers:
        content += 'test_cfg = None  # there is no test set\n'
    config = out / f'{out.resolve().name}_rist.py'
    _write(config, content)
    return config


def _write(path: Path, content: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(content, 'utf-8')
