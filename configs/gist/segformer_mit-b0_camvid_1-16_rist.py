# A stock mmseg model: SegFormer-B0.
_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/camvid_1-16.py',
    '../_base_/self_training/adamw.py',
]
model = dict(decode_head=dict(num_classes=11))
train_cfg = dict(policy=dict(type='RIST', num_stages=6, num_paths=2, seed=0))
