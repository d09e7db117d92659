# Four times as many iterations are better (docs/results.md), but take hours on two
# CPU cores with all that is compared there.
_base_ = './adamw_poly.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=3000, val_interval=1000)
