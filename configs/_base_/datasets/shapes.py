# The embedded data set of textured shapes at 65 x 65, which
# tools/dataset_converters/shapes.py makes: 24 labeled, 30 development, 1,200
# unlabeled and 80 test images.
data_root = 'data/shapes'
crop_size = (65, 65)
metainfo = dict(
    classes=(
        'background',
        'striped disc',
        'checked disc',
        'striped square',
        'checked square',
        'striped triangle',
        'checked triangle',
    ),
    palette=[
        [0, 0, 0],
        [230, 25, 75],
        [245, 130, 48],
        [60, 180, 75],
        [70, 240, 240],
        [0, 130, 200],
        [145, 30, 180],
    ],
)

augmentation = [
    dict(
        type='RandomResize', scale=(65, 65), ratio_range=(0.75, 1.25), keep_ratio=True
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    *augmentation,
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
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
        ann_file='labeled.txt',
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        img_suffix='.png',
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
        ann_file='unlabeled.txt',
        data_prefix=dict(img_path='images/train'),
        img_suffix='.png',
        pipeline=train_pipeline,
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
        ann_file='dev.txt',
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        img_suffix='.png',
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
        ann_file='test.txt',
        data_prefix=dict(img_path='images/test', seg_map_path='labels/test'),
        img_suffix='.png',
        metainfo=metainfo,
        pipeline=test_pipeline,
    ),
)
# Classes that are in no label of the small development set do not count.
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'], labeled_only=True)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
