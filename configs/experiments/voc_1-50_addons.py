# Table V without its last row, which voc_1-50_policies has. Each row adds one thing to
# the row before it. Without temperature scaling, label erase asks for the same plain
# probability.
_base_ = ['../gist/deeplabv2_voc_1-50_rist.py', '../_base_/experiments/paper.py']
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
experiment = dict(
    settings=dict(
        _delete_=True,
        **{
            'none': {'train_cfg.consistency': None, 'train_cfg.label_erase': None},
            'CL': {'train_cfg.label_erase': None},
            'CL+LE': {
                'train_cfg.label_erase.threshold': 0.965,
                'train_cfg.temperature_scaling.T': 1.0,
            },
        },
    )
)
