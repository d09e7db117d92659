# Table V: what consistency loss (CL), label erase (LE) and temperature scaling
# (TS) add. "labels only" has as many iterations as RIST and GIST; LE and TS do
# not touch it.
policies = {
    'RIST': dict(type='RIST', num_stages=9, num_paths=2),
    'GIST': dict(type='GIST', num_stages=9, beam_size=1),
}
labels_only = {
    'train_cfg.policy.policies.labels only': dict(type='FIST', num_stages=18, alpha=1)
}
phi = 'unlabeled_dataloader.dataset.pipeline.2.threshold'  # of LabelErase
scale = 'train_cfg.probabilities.T'
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'none': {phi: 0.0, 'train_cfg.consistency': None, **labels_only},
        'CL': {phi: 0.0, **labels_only},
        'CL+LE': {phi: 0.5, scale: 1.0},
        'CL+LE+TS': {},  # as the config has them
    },
)
