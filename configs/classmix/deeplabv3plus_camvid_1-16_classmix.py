# What a teacher sees in one image is pasted on another.
_base_ = '../supervised/deeplabv3plus_camvid_1-16.py'
model = dict(
    _delete_=True,
    type='ClassMix',
    segmentor=_base_.model,
    mask=dict(type='ClassMask'),
    augmentation=dict(type='StrongAugmentation'),
)
train_cfg = dict(type='SemiSupervisedTrainLoop')
# a kill during a save leaves the other one to resume from
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))
custom_hooks = [dict(type='MeanTeacherHook', momentum=0.01, warm_up=True)]
