_base_ = './deeplabv3plus_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(193, 193), size_divisor=None, test_cfg=dict(size=(241, 321))
    ),
    decode_head=dict(num_classes=11),
)
