# The paper's head on a small backbone. Sides of 16 k + 1 keep the features of images of
# different sizes aligned. The dilations suit the crop's 11 x 11 features as the
# paper's suit its 41 x 41.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet-lite0.py',
    '../_base_/datasets/animals_1-50.py',
    '../_base_/self_training/adamw.py',
]
model = dict(
    data_preprocessor=dict(size=(161, 161), size_divisor=None),
    backbone=dict(frozen_stages=2),
    decode_head=dict(num_classes=6, dilations=(1, 2, 3, 5)),
)
train_cfg = dict(policy=dict(type='RIST', num_stages=6, num_paths=2, seed=0))
