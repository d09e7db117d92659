# Table I of the paper: 64.53 mIoU.
# The model that deeplabv2_cityscapes_1-4_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-4_gist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-4_classmix/best_mIoU_iter_*.pth'
