# Fig. 1, Fig. 2, Fig. 6: every policy, nine stages each; FIST with alpha = 1 is
# "labels only".
_base_ = ['../gist/deeplabv2_voc_1-50_rist.py', '../_base_/experiments/paper.py']
train_cfg = dict(
    policy=dict(
        _delete_=True,
        type='PolicySet',
        policies={
            **_base_.policies,
            'labels only': dict(type='FIST', num_stages=9, alpha=1),
            'batch-wise': dict(type='BatchwiseRandom', num_stages=9),
            'FIST 0': dict(type='FIST', num_stages=9, alpha=0),
            'FIST 0.25': dict(type='FIST', num_stages=9, alpha=0.25),
            'FIST 0.5': dict(type='FIST', num_stages=9, alpha=0.5),
            'FIST 0.75': dict(type='FIST', num_stages=9, alpha=0.75),
        },
    )
)
