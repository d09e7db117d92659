# A stock mmseg model: UNet (https://arxiv.org/abs/1505.04597), from random weights. It
# takes images whose sides are multiples of 16.
_base_ = ['../_base_/datasets/camvid_1-16.py', '../_base_/self_training/adamw.py']
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=16,
        test_cfg=dict(size_divisor=16),
    ),
    pretrained=None,
    backbone=dict(type='UNet', base_channels=64, num_stages=5, norm_cfg=norm_cfg),
    decode_head=dict(
        type='FCNHead',
        in_channels=64,
        in_index=4,
        channels=64,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
train_cfg = dict(policy=dict(type='RIST', num_stages=6, num_paths=2, seed=0))
