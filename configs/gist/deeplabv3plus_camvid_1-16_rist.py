# Random paths of stages; the best stage is kept.
_base_ = [
    '../_base_/models/deeplabv3plus_lite0_camvid.py',
    '../_base_/datasets/camvid_1-16.py',
    '../_base_/self_training/adamw.py',
]
train_cfg = dict(policy=dict(type='RIST', num_stages=6, num_paths=2, seed=0))
