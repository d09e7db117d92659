# Sides of 16 k + 1 keep the features of images of different sizes aligned;
# the dilations are to the crop's 13 x 13 features as the paper's to its 41 x 41.
_base_ = './deeplabv2_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(193, 193), size_divisor=None, test_cfg=dict(size=(257, 257))
    ),
    decode_head=dict(dilations=(2, 4, 6, 8)),
)
