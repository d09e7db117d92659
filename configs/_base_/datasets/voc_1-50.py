# PASCAL VOC 2012 with the 10,582 images of SegmentationClassAug: 211 labeled, 50
# development, 10,321 unlabeled ones.
data_root = 'data/VOCdevkit/VOC2012'
splits = '{{ fileDirname }}/../splits/voc/1-50'
crop_size = (321, 321)

# The long side of nearly all images is 500, so this is a rescaling of each
# image by 0.5 to 1.5.
augmentation = [
    dict(
        type='RandomResize', scale=(500, 500), ratio_range=(0.5, 1.5), keep_ratio=True
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
# Whole images at their own size.
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
        type='PascalVOCDataset',
        data_root=data_root,
        ann_file=f'{splits}/labeled.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
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
        data_prefix=dict(img_path='JPEGImages'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PascalVOCDataset',
        data_root=data_root,
        ann_file=f'{splits}/dev.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PascalVOCDataset',
        data_root=data_root,
        ann_file='{{ fileDirname }}/../splits/voc/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        pipeline=test_pipeline,
    ),
)
# Classes that are in no label of the small development set do not count.
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'], labeled_only=True)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
