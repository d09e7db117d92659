# VOC-animals: the 3,576 photographs of PASCAL VOC 2012 with a cat, cow, dog, horse
# or sheep, which `voc.py --animals` makes; the long side is resized to 257. 63 labeled,
# 50 development, 3,018 unlabeled and 445 test images.
data_root = 'data/voc_animals'
crop_size = (161, 161)
splits = '{{ fileDirname }}/../splits/animals'
folders = dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug')

loading = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
cropping = [
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_pipeline = [
    *loading,
    dict(
        type='RandomResize', scale=(257, 257), ratio_range=(0.5, 1.5), keep_ratio=True
    ),
    *cropping,
]
# A pseudo-label is what the model sees in the whole image: a crop that shows little
# of it contradicts its label.
unlabeled_pipeline = [
    *loading,
    dict(
        type='RandomResize', scale=(257, 257), ratio_range=(0.75, 1.25), keep_ratio=True
    ),
    *cropping,
]
# Labels keep their full size: predictions are resized to it.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(257, 257), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='VOCAnimalsDataset',
        data_root=data_root,
        ann_file=f'{splits}/1-50/labeled.txt',
        data_prefix=folders,
        pipeline=train_pipeline,
    ),
)
unlabeled_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(
        type='PseudoLabelDataset',
        data_root=data_root,
        ann_file=f'{splits}/1-50/unlabeled.txt',
        data_prefix=dict(img_path='JPEGImages'),
        pipeline=unlabeled_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCAnimalsDataset',
        data_root=data_root,
        ann_file=f'{splits}/1-50/dev.txt',
        data_prefix=folders,
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCAnimalsDataset',
        data_root=data_root,
        ann_file=f'{splits}/test.txt',
        data_prefix=folders,
        pipeline=test_pipeline,
    ),
)
# Classes that are in no label of the small development set do not count.
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'], labeled_only=True)
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
