# Table I of the paper: 65.60 mIoU.
# The model that deeplabv2_voc_1-50_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_voc_1-50_gist.py'
load_from = 'work_dirs/deeplabv2_voc_1-50_classmix/best_mIoU_iter_*.pth'
