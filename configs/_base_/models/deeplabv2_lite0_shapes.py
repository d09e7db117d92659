# Sides of 16 k + 1 keep the features of training and test aligned.
_base_ = './deeplabv2_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(97, 97), size_divisor=None, test_cfg=dict(size=(97, 97))
    ),
    backbone=dict(output_stride=16),
    decode_head=dict(num_classes=7, dilations=(1, 2, 3, 4)),
)
