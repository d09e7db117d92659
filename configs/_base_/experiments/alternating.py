# Four stages that alternate, and what a setting takes to train labels only instead.
policies = {'alternating': dict(type='FixedPath', path='PLPL')}
labels_only = {
    'train_cfg.policy.policies': {
        '_delete_': True,
        'labels only': dict(type='FIST', num_stages=4, alpha=1),
    }
}
