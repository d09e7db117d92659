# Random paths of stages, the best of them kept.
_base_ = [
    '../_base_/models/deeplabv2_lite0_voc1k.py',
    '../_base_/datasets/voc1k_1-4.py',
    '../_base_/self_training/voc1k.py',
]
train_cfg = dict(policy=dict(type='RIST', num_stages=9, num_paths=2, seed=0))
