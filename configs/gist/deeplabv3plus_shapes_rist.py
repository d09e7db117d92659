# Small enough for two CPU cores: what `make demo` runs. RIST is compared with as many
# stages of the same length on human labels alone.
_base_ = [
    '../_base_/models/deeplabv3plus_efficientnet-lite0.py',
    '../_base_/datasets/shapes.py',
    '../_base_/schedules/adamw_poly.py',
    '../_base_/recipes/default.py',
]
model = dict(
    # sides of 16 k + 1 keep the features of training and test aligned
    data_preprocessor=dict(
        size=(65, 65), size_divisor=None, test_cfg=dict(size=(65, 65))
    ),
    # the last stage takes two thirds of the time, and shapes do not need it
    backbone=dict(out_indices=(1, 3)),
    decode_head=dict(in_channels=112, num_classes=7),
)
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=2.0)}),
)
train_cfg = dict(
    initial_iters=800,
    # the stages after stage 0 learn more slowly
    refinement=dict(optim_wrapper=dict(optimizer=dict(lr=5e-4))),
    policy=dict(
        type='PolicySet',
        policies={
            'labels only': dict(type='FIST', num_stages=4, alpha=1),
            'RIST': dict(type='RIST', num_stages=4, num_paths=1, seed=0),
        },
    ),
)
