# Small enough for two CPU cores: what `make demo` runs.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet-lite0.py',
    '../_base_/datasets/shapes.py',
    '../_base_/self_training/shapes.py',
]
# a feature of 96 x 96 pixels is 6 x 6
model = dict(decode_head=dict(num_classes=7, dilations=(1, 2, 3, 4)))
train_cfg = dict(policy=dict(type='RIST', num_stages=3, num_paths=2, seed=0))
