# The model that deeplabv2_camvid_1-16_cutmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_camvid_1-16_rist.py'
load_from = 'work_dirs/deeplabv2_camvid_1-16_cutmix/iter_3000.pth'
