# Table V on a config that has the project's recipe, one add-on after the other: none,
# consistency loss (CL), label erase (LE), temperature scaling (TS). Then the parts of
# the project's recipe: erase by class (EC), perturbation, labels from several views.
# Each setting alternates for four stages, since RIST and GIST need twenty a setting.
# Labels only has no add-on, so it is trained once:
# compare.py --base 'labels only/labels only'.
_base_ = './alternating.py'
paper = {
    'train_cfg.perturbation': None,
    'train_cfg.consistency': dict(loss_weight=0.1, dropout_ratio=0.1, momentum=0.01),
}
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'labels only': _base_.labels_only,
        'none': {'train_cfg.perturbation': None},
        'CL': {**paper, 'train_cfg.label_erase': None},
        # a plain probability of 0.7, and the same with T = 0.2 and six classes
        'CL+LE': {
            **paper,
            'train_cfg.label_erase': dict(_delete_=True, threshold=0.7),
            'train_cfg.temperature_scaling.T': 1.0,
        },
        'CL+LE+TS': {
            **paper,
            'train_cfg.label_erase': dict(_delete_=True, threshold=0.25),
        },
        'EC': {
            'train_cfg.perturbation': None,
            'train_cfg.label_erase': dict(_delete_=True, keep=0.7),
        },
        'EC by regions': {
            'train_cfg.perturbation': None,
            'train_cfg.label_erase': dict(_delete_=True, keep=0.7, regions=True),
        },
        'EC+perturbation': {'train_cfg.label_erase': dict(_delete_=True, keep=0.7)},
        'perturbation': {},  # as in the config
        'perturbation+views': {
            'train_cfg.labeling': dict(scales=[0.75, 1.0, 1.25], flip=True)
        },
    },
)
