# Table I of the paper: 67.44 mIoU.
_base_ = [
    '../_base_/models/deeplabv2_r101_voc.py',
    '../_base_/datasets/voc_1-8.py',
    '../_base_/schedules/sgd_25k.py',
]
