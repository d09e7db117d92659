_base_ = './adamw_poly.py'
optim_wrapper = dict(
    optimizer=dict(lr=5e-4),
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=2.0)}),
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=200, val_interval=200)
