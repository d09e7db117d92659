# The model as it is, and what RIST and GIST make of it.
policies = {
    'stage 0': dict(type='FixedPath', path='0'),
    'RIST': dict(type='RIST', num_stages=6, num_paths=2),
    'GIST': dict(type='GIST', num_stages=6, beam_size=1),
}
# The paper's recipe in place of the project's, with the latter's stage lengths.
consistency = dict(loss_weight=0.1, dropout_ratio=0.1, momentum=0.99)
paper = {
    'train_cfg.perturbation': None,
    'train_cfg.consistency': consistency,
    'train_cfg.label_erase': dict(_delete_=True, threshold=0.25),
}
