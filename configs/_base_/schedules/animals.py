_base_ = './adamw_poly.py'
optim_wrapper = dict(optimizer=dict(lr=1e-4))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1500, val_interval=500)
