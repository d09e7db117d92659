_base_ = './deeplabv3plus_efficientnet-lite0.py'
model = dict(
    data_preprocessor=dict(size=(161, 161), size_divisor=None),
    decode_head=dict(num_classes=6),
)
