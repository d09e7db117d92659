_base_ = './adamw_poly.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=3000, val_interval=1000)
