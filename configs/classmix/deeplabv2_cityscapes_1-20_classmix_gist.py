# Table I of the paper: 59.98 mIoU.
# The model that deeplabv2_cityscapes_1-20_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-20_gist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-20_classmix/best_mIoU_iter_*.pth'
