# Cityscapes at 512 x 1024, half its size, as the literature trains and tests it:
# tools/dataset_converters/cityscapes.py writes the images and labels at that size. The
# 2,975 images are 59 labeled, 50 development and 2,866 unlabeled ones.
data_root = 'data/cityscapes_half'
splits = '{{ fileDirname }}/../splits/cityscapes/1-50'
crop_size = (256, 512)  # height, width

augmentation = [
    dict(
        type='RandomResize', scale=(1024, 512), ratio_range=(0.5, 1.5), keep_ratio=True
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
# Whole images; no label is resized.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]

train_dataloader = dict(
    batch_size=6,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        ann_file=f'{splits}/labeled.txt',
        data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        pipeline=train_pipeline,
    ),
)
unlabeled_dataloader = dict(
    batch_size=6,
    num_workers=2,
    dataset=dict(
        type='PseudoLabelDataset',
        data_root=data_root,
        ann_file=f'{splits}/unlabeled.txt',
        data_prefix=dict(img_path='leftImg8bit/train'),
        img_suffix='_leftImg8bit.png',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        ann_file=f'{splits}/dev.txt',
        data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        ann_file='{{ fileDirname }}/../splits/cityscapes/val.txt',
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=test_pipeline,
    ),
)
# Classes that are in no label of the small development set do not count.
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'], labeled_only=True)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
