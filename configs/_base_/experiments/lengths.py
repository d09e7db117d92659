# Fewer and longer stages: as long as stage 0, and with its learning rate, beside the
# shorter ones of recipe.py and addons.py. With all pseudo-labels, and erased by class
# (EC). Labels only is trained once: compare.py --base 'long labels only/labels only'.
_base_ = './alternating.py'
long = {
    'train_cfg.stage_ratio': 1.0,
    'train_cfg.refinement.optim_wrapper.optimizer.lr': 1e-4,
}
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'long labels only': {**long, **_base_.labels_only},
        'long stages': long,
        'long stages+EC': {
            **long,
            'train_cfg.label_erase': dict(_delete_=True, keep=0.7),
        },
    },
)
