_base_ = './adamw_poly.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=300, val_interval=300)
