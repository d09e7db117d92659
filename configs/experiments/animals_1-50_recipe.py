# The project's own recipe: six stages by each policy, on one tree of stages. In the
# work dir of animals_1-50_addons.py it trains only what is missing.
_base_ = './animals_1-50_addons.py'
train_cfg = dict(
    policy=dict(
        policies={
            'alternating': dict(type='FixedPath', path='PLPLPL'),
        }
    )
)
experiment = dict(
    seeds=[0, 1, 2], settings=dict(_delete_=True, **{'EC+perturbation': {}})
)
