# Fig. 1, Fig. 2, Fig. 6: every policy on one tree of stages, in the paper's recipe. In
# the work dir of addons.py it continues with the alternating stages.
_base_ = './rist_gist.py'
policies = {
    'labels only': dict(type='FIST', num_stages=6, alpha=1),
    'FIST 0': dict(type='FIST', num_stages=4, alpha=0),
    'FIST 0.25': dict(type='FIST', num_stages=4, alpha=0.25),
    'FIST 0.5': dict(type='FIST', num_stages=4, alpha=0.5),
    'FIST 0.75': dict(type='FIST', num_stages=4, alpha=0.75),
    'batch-wise': dict(type='BatchwiseRandom', num_stages=4),
}
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'CL+LE+TS': {
            'train_cfg.perturbation': None,
            'train_cfg.consistency': dict(
                loss_weight=0.1, dropout_ratio=0.1, momentum=0.01
            ),
            'train_cfg.label_erase': dict(_delete_=True, threshold=0.25),
        }
    },
)
