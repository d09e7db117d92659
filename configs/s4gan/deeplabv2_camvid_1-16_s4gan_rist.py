# The model that deeplabv2_camvid_1-16_s4gan.py trains is stage 0.
_base_ = '../gist/deeplabv2_camvid_1-16_rist.py'
load_from = 'work_dirs/deeplabv2_camvid_1-16_s4gan/iter_3000.pth'
