_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/deeplabv2_efficientnet-lite0.py',
    '../_base_/datasets/camvid_1-16.py',
    '../_base_/schedules/adamw_poly.py',
    '../_base_/self_training/rist.py',
]
model = dict(
    data_preprocessor=dict(size=(160, 160)), decode_head=dict(num_classes=11)
)
train_cfg = dict(initial_iters=1000, stage_iters=150)
