# Sides of 16 k + 1 keep the features of training and test aligned.
_base_ = './deeplabv3plus_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(65, 65), size_divisor=None, test_cfg=dict(size=(65, 65))
    ),
    decode_head=dict(num_classes=7),
)
