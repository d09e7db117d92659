# Table V: RIST and GIST without consistency loss (CL), label erase (LE) and
# temperature scaling (TS); with all three see policies.py. Then the parts of the
# project's recipe: erase by class (EC), perturbation, and labels from several views.
_base_ = './rist_gist.py'
policies = {'labels only': dict(type='FIST', num_stages=6, alpha=1)}
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'none': {'train_cfg.label_erase': None, 'train_cfg.perturbation': None},
        'CL': {
            'train_cfg.perturbation': None,
            'train_cfg.consistency': {{_base_.consistency}},
            'train_cfg.label_erase': None,
        },
        'CL+LE': {
            'train_cfg.perturbation': None,
            'train_cfg.consistency': {{_base_.consistency}},
            # the same plain probability as 0.25 with T = 0.2
            'train_cfg.label_erase': dict(_delete_=True, threshold=0.7),
            'train_cfg.probabilities.T': 1.0,
        },
        'EC': {'train_cfg.perturbation': None},
        'EC+perturbation': {},  # as the config has it
        'EC+perturbation+views': {
            'train_cfg.labeling': dict(scales=[0.75, 1.0, 1.25], flip=True)
        },
    },
)
