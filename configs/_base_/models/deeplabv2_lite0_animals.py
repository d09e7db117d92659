# Sides of 16 k + 1 keep the features of images of different sizes aligned;
# the dilations are to the crop's 9 x 9 features as the paper's to its 41 x 41.
_base_ = './deeplabv2_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(129, 129), size_divisor=None, test_cfg=dict(size=(225, 225))
    ),
    backbone=dict(frozen_stages=2),
    decode_head=dict(num_classes=6, dilations=(1, 2, 3, 5)),
)
