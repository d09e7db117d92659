_base_ = './deeplabv3plus_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(
        size=(129, 129), size_divisor=None, test_cfg=dict(size=(225, 225))
    ),
    decode_head=dict(num_classes=6),
)
