# Table I of the paper: 58.55 mIoU.
# The model that deeplabv2_cityscapes_1-30_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-30_rist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-30_classmix/best_mIoU_iter_*.pth'
