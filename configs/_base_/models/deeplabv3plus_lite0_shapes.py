_base_ = './deeplabv3plus_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(97, 97), size_divisor=None, test_cfg=dict(size=(97, 97))
    ),
    decode_head=dict(num_classes=7),
)
