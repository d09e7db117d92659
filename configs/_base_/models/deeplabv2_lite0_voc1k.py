# Sides of 16 k + 1 keep the features of images of different sizes aligned.
_base_ = './deeplabv2_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(193, 193), size_divisor=None, test_cfg=dict(size=(257, 257))
    ),
)
