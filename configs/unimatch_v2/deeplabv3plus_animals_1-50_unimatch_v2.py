# UniMatch V2: two strong views of an image learn what a teacher sees in it.
_base_ = '../classmix/deeplabv3plus_animals_1-50_classmix.py'
model = dict(
    _delete_=True,
    type='UniMatchV2',
    segmentor=_base_.model.segmentor,
    mask=dict(type='BoxMask'),
    augmentation=dict(
        type='StrongAugmentation', jitter=0.5, gray_prob=0.2, sigma=(0.1, 2.0)
    ),
    threshold=0.95,
)
custom_hooks = [
    dict(type='MeanTeacherHook', momentum=0.004, warm_up=True, update_buffers=True)
]
