# The model that deeplabv2_camvid_1-8_s4gan.py trains is stage 0.
_base_ = '../gist/deeplabv2_camvid_1-8_gist.py'
load_from = 'work_dirs/deeplabv2_camvid_1-8_s4gan/iter_3000.pth'
