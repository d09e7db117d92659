# Table V, nine stages. Each row has one thing more than that before it: without
# temperature scaling label erase asks for the same plain probability.
_base_ = ['../gist/deeplabv2_voc_1-50_rist.py', '../_base_/experiments/addons.py']
train_cfg = dict(
    policy=dict(
        _delete_=True,
        type='PolicySet',
        policies={
            **_base_.policies,
            'RIST': dict(type='RIST', num_stages=9, num_paths=2),
            'GIST': dict(type='GIST', num_stages=9, beam_size=1),
        },
    )
)
experiment = dict(settings={'CL+LE': {_base_.phi: 0.965}})
