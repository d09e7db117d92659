# The model that deeplabv2_voc1k_1-4_classmix.py trains is stage 0.
_base_ = '../gist/deeplabv2_voc1k_1-4_gist.py'
load_from = 'work_dirs/deeplabv2_voc1k_1-4_classmix/iter_1500.pth'
