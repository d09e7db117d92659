# The model that deeplabv2_voc1k_1-4_s4gan.py trains is stage 0.
_base_ = '../gist/deeplabv2_voc1k_1-4_rist.py'
load_from = 'work_dirs/deeplabv2_voc1k_1-4_s4gan/iter_1500.pth'
