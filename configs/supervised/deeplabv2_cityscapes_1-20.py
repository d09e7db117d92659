# Table I of the paper: 54.71 mIoU.
_base_ = [
    '../_base_/models/deeplabv2_r101.py',
    '../_base_/datasets/cityscapes_1-20.py',
    '../_base_/schedules/sgd_25k.py',
]
model = dict(decode_head=dict(num_classes=19))
