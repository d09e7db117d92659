# Table V: RIST and GIST without consistency loss (CL), label erase (LE) and
# temperature scaling (TS). In the work dir of the experiment on policies, which
# has the setting with all three, it uses the same stage 0.
_base_ = './rist_gist.py'
phi = 'unlabeled_dataloader.dataset.pipeline.2.threshold'  # of LabelErase
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'none': {phi: 0.0, 'train_cfg.consistency': None},
        'CL': {phi: 0.0},
        'CL+LE': {phi: 0.5, 'train_cfg.probabilities.T': 1.0},
    },
)
