# A small VOC that trains on two CPU cores: 1,039 images of PASCAL VOC 2012 (528
# to train, 511 to test), their long side resized to 257. Which images are
# labelled say voc1k_1-8.py and voc1k_1-4.py.
_base_ = './voc.py'
crop_size = (161, 161)

augmentation = [
    dict(
        type='RandomResize', scale=(257, 257), ratio_range=(0.5, 1.5), keep_ratio=True
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
unlabeled_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    # with T = 0.2 and 21 classes this keeps 19 of 20 pixels
    dict(type='LabelErase', threshold=0.15),
    *augmentation,
]
# Labels keep their full size: predictions are resized to it.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(257, 257), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
unlabeled_dataloader = dict(dataset=dict(pipeline=unlabeled_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(
    dataset=dict(
        ann_file='{{ fileDirname }}/../splits/voc1k/test.txt',
        pipeline=test_pipeline,
    )
)
