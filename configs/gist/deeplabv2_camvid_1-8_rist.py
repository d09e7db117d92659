# Random paths of stages, the best of them kept.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet-lite0.py',
    '../_base_/datasets/camvid_1-8.py',
    '../_base_/self_training/camvid.py',
]
model = dict(decode_head=dict(num_classes=11))
train_cfg = dict(policy=dict(type='RIST', num_stages=9, num_paths=2, seed=0))
