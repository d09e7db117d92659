# Table I of the paper: 64.64 mIoU.
# The model that deeplabv2_cityscapes_1-4_s4gan.py trains is stage 0.
_base_ = '../gist/deeplabv2_cityscapes_1-4_rist.py'
load_from = 'work_dirs/deeplabv2_cityscapes_1-4_s4gan/best_mIoU_iter_*.pth'
