# The project's own recipe: six stages by each policy, on one tree of stages.
_base_ = '../gist/deeplabv3plus_animals_1-50_rist.py'
train_cfg = dict(
    policy=dict(
        _delete_=True,
        type='PolicySet',
        policies={
            'labels only': dict(type='FIST', num_stages=6, alpha=1),
            'alternating': dict(type='FixedPath', path='PLPLPL'),
            'RIST': dict(type='RIST', num_stages=6, num_paths=2),
            'GIST': dict(type='GIST', num_stages=6),
        },
    )
)
experiment = dict(seeds=[0, 1, 2], settings={'default': {}})
