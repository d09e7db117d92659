# DeepLab-v2 on ResNet-101, as in the paper: all BatchNorm frozen. It starts
# from the COCO weights that tools/model_converters/deeplabv2_coco2mmseg.py
# writes. A head with another number of classes than their 21 starts afresh.
model = dict(
    type='EncoderDecoder',
    init_cfg=dict(type='Pretrained', checkpoint='checkpoints/deeplabv2_r101_coco.pth'),
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        # BGR, as the COCO weights expect.
        mean=[104.00698793, 116.66876762, 122.67891434],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=1,
    ),
    backbone=dict(
        type='DeepLabV2ResNet',
        depth=101,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
    ),
    decode_head=dict(type='DeepLabV2Head', in_channels=2048, num_classes=21),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
