# Table I of the paper: 63.63 mIoU.
_base_ = '../supervised/deeplabv2_voc_1-50.py'
model = dict(
    _delete_=True,
    type='ClassMix',
    segmentor=_base_.model,
    mask=dict(type='ClassMask'),
)
train_cfg = dict(type='SemiSupervisedTrainLoop')
# a kill during a save leaves the other one to resume from
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))
custom_hooks = [dict(type='MeanTeacherHook', momentum=0.01, warm_up=True)]
