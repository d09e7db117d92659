# The project's own recipe with more policies. In the work dir of animals_1-50_addons.py
# it continues with the alternating stages.
_base_ = [
    '../gist/deeplabv3plus_animals_1-50_rist.py',
    '../_base_/experiments/rist_gist.py',
]
train_cfg = dict(
    policy=dict(
        _delete_=True,
        type='PolicySet',
        policies={
            **_base_.policies,
            'labels only': dict(type='FIST', num_stages=6, alpha=1),
            'alternating': dict(type='FixedPath', path='PLPLPL'),
            # GIST that judges P by the L after it
            'look-ahead': dict(type='GIST', num_stages=6, moves=['PL', 'LL']),
        },
    )
)
experiment = dict(seeds=[0, 1, 2], settings={'perturbation': {}})
