# Table I of the paper: 62.57 mIoU.
# The model that deeplabv2_cityscapes_1-8_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-8_rist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-8_classmix/best_mIoU_iter_*.pth'
