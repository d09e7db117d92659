# Small enough for two CPU cores: what `make demo` runs.
_base_ = [
    '../_base_/models/deeplabv3plus_lite0_shapes.py',
    '../_base_/datasets/shapes.py',
    '../_base_/self_training/shapes.py',
]
train_cfg = dict(policy=dict(type='RIST', num_stages=3, num_paths=2, seed=0))
