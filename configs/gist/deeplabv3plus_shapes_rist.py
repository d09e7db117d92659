# Small enough for two CPU cores: what `make demo` runs. Stages on human labels alone,
# as many and as long, stand beside RIST.
_base_ = [
    '../_base_/models/deeplabv3plus_lite0_shapes.py',
    '../_base_/datasets/shapes.py',
    '../_base_/self_training/shapes.py',
]
train_cfg = dict(
    policy=dict(
        type='PolicySet',
        policies={
            'labels only': dict(type='FIST', num_stages=4, alpha=1),
            'RIST': dict(type='RIST', num_stages=4, num_paths=1, seed=0),
        },
    )
)
