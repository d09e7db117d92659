# Table I of the paper: 59.54 mIoU.
# The model that deeplabv2_cityscapes_1-20_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-20_rist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-20_classmix/best_mIoU_iter_*.pth'
