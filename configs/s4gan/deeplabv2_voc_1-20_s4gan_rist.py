# Table I of the paper: 68.50 mIoU.
# The model that deeplabv2_voc_1-20_s4gan.py trains is stage 0.
_base_ = '../gist/deeplabv2_voc_1-20_rist.py'
load_from = 'work_dirs/deeplabv2_voc_1-20_s4gan/best_mIoU_iter_*.pth'
