"""A self-training that runs in seconds: 3 classes, 24 x 32 images, a small UNet."""

from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]

CONFIG = f"""
_base_ = ['{ROOT}/configs/_base_/default_runtime.py']
norm = dict(type='BN', requires_grad=False)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.5] * 3, std=[127.5] * 3,
        size=(16, 24), seg_pad_val=255),
    backbone=dict(
        type='UNet', base_channels=4, num_stages=2, strides=(1, 1),
        enc_num_convs=(1, 1), dec_num_convs=(1,), downsamples=(True,),
        enc_dilations=(1, 1), dec_dilations=(1,), norm_cfg=norm, norm_eval=True),
    decode_head=dict(
        type='FCNHead', in_channels=4, in_index=1, channels=4, num_convs=1,
        num_classes=3, dropout_ratio=0.3, norm_cfg=dict(type='BN'),
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    test_cfg=dict(mode='whole'))
augmentation = [
    dict(type='RandomResize', scale=(32, 24), ratio_range=(0.8, 1.2)),
    dict(type='RandomCrop', crop_size=(16, 24)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')]
read = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
labeled = dict(
    type='BaseSegDataset', data_root='FOLDER', img_suffix='.png',
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    metainfo=dict(
        classes=('a', 'b', 'c'), palette=[[0, 0, 0], [255, 0, 0], [0, 255, 0]]))
once = dict(
    batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(
    batch_size=2, num_workers=2, sampler=dict(type='InfiniteSampler'),
    dataset=dict(labeled, ann_file='labeled.txt', pipeline=read + augmentation))
unlabeled_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        type='PseudoLabelDataset', data_root='FOLDER', img_suffix='.png',
        ann_file='unlabeled.txt', data_prefix=dict(img_path='images'),
        pipeline=read + augmentation))
val_dataloader = dict(once, dataset=dict(
    labeled, ann_file='dev.txt', pipeline=[*read, dict(type='PackSegInputs')]))
test_dataloader = dict(once, dataset=dict(
    labeled, ann_file='test.txt', pipeline=[*read, dict(type='PackSegInputs')]))
val_evaluator = test_evaluator = dict(type='IoUMetric')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9))
param_scheduler = dict(type='PolyLR', power=0.9, by_epoch=False)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=2), report=dict(enable=False))
train_cfg = dict(
    type='IterativeSelfTrainingLoop', policy=dict(type='FixedPath', path='PL'),
    initial_iters=5, stage_iters=3, temperature_scaling=dict(T=1.0),
    consistency=dict(loss_weight=0.1, dropout_ratio=0.5, momentum=0.1),
    label_erase=dict(keep=0.7),
    perturbation=dict(
        mask=dict(type='BoxMask'), augmentation=dict(type='StrongAugmentation',
        gray_prob=0.2)))
"""
SIZES = dict(labeled=4, unlabeled=12, dev=3, test=3)


def write_tiny(folder: Path) -> Path:
    """Images whose classes are colors with noise, id lists, and the config.

    Args:
        folder: Where to write them.

    Returns:
        Path: Of the config.
    """
    rng = np.random.default_rng(0)
    colors = np.array([[40, 40, 40], [200, 60, 60], [60, 200, 60]])
    for name in ('images', 'labels'):
        (folder / name).mkdir(parents=True)
    for split, size in SIZES.items():
        ids = [f'{split}{i}' for i in range(size)]
        (folder / f'{split}.txt').write_text('\n'.join(ids) + '\n')
        for name in ids:
            label = rng.integers(0, 3, (3, 4)).repeat(8, 0).repeat(8, 1)
            image = (colors[label] + rng.normal(0, 60, (24, 32, 3))).clip(0, 255)
            Image.fromarray(image.astype('uint8')).save(folder / f'images/{name}.png')
            if split != 'unlabeled':
                Image.fromarray(label.astype('uint8')).save(
                    folder / f'labels/{name}.png'
                )
    config = folder / 'tiny.py'
    config.write_text(CONFIG.replace('FOLDER', str(folder)))
    return config
