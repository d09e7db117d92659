# Table I of the paper: 61.27 mIoU.
# The model that deeplabv2_cityscapes_1-8_s4gan.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-8_gist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-8_s4gan/best_mIoU_iter_*.pth'
