# CamVid, 11 classes, at 321 x 241 (two thirds of the 480 x 360 that are stored), so
# that it trains on two CPU cores: 23 labeled, 50 development, 294 unlabeled images.
data_root = 'data/camvid'
splits = '{{ fileDirname }}/../splits/camvid/1-16'
crop_size = (193, 193)
metainfo = dict(
    classes=(
        'sky',
        'building',
        'pole',
        'road',
        'sidewalk',
        'tree',
        'sign',
        'fence',
        'car',
        'pedestrian',
        'bicyclist',
    ),
    palette=[
        [128, 128, 128],
        [128, 0, 0],
        [192, 192, 128],
        [128, 64, 128],
        [0, 0, 192],
        [128, 128, 0],
        [192, 128, 128],
        [64, 64, 128],
        [64, 0, 128],
        [64, 64, 0],
        [0, 128, 192],
    ],
)

loading = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
cropping = [
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_pipeline = [
    *loading,
    dict(
        type='RandomResize', scale=(321, 241), ratio_range=(0.5, 1.5), keep_ratio=True
    ),
    *cropping,
]
# A pseudo-label is what the model sees in the whole image: a crop that shows little
# of it contradicts its label.
unlabeled_pipeline = [
    *loading,
    dict(
        type='RandomResize', scale=(321, 241), ratio_range=(0.75, 1.25), keep_ratio=True
    ),
    *cropping,
]
# Labels keep their full size: predictions are resized to it.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(321, 241), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='BaseSegDataset',
        data_root=data_root,
        ann_file=f'{splits}/labeled.txt',
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        metainfo=metainfo,
        pipeline=train_pipeline,
    ),
)
unlabeled_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(
        type='PseudoLabelDataset',
        data_root=data_root,
        ann_file=f'{splits}/unlabeled.txt',
        data_prefix=dict(img_path='images/train'),
        pipeline=unlabeled_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root=data_root,
        ann_file=f'{splits}/dev.txt',
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        metainfo=metainfo,
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root=data_root,
        ann_file='{{ fileDirname }}/../splits/camvid/test.txt',
        data_prefix=dict(img_path='images/test', seg_map_path='labels/test'),
        metainfo=metainfo,
        pipeline=test_pipeline,
    ),
)
# Classes that are in no label of the small development set do not count.
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'], labeled_only=True)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
