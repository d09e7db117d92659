# Table I of the paper: 52.43 mIoU.
# The model that deeplabv2_cityscapes_1-50_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-50_gist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-50_classmix/best_mIoU_iter_*.pth'
