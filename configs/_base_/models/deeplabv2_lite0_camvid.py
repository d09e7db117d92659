# Sides of 16 k + 1 keep the features of images of different sizes aligned;
# the dilations are to the crop's 15 x 20 features as the paper's to its 41 x 41.
_base_ = './deeplabv2_efficientnet-lite0.py'
size = (225, 305)
model = dict(
    data_preprocessor=dict(size=size, size_divisor=None, test_cfg=dict(size=size)),
    decode_head=dict(num_classes=11, dilations=(2, 4, 7, 9)),
)
