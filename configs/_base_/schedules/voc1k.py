# With 2e-4 the backbone forgets what it has learned from ImageNet.
_base_ = './adamw_poly.py'
optim_wrapper = dict(optimizer=dict(lr=5e-5))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1500, val_interval=500)
