_base_ = './adamw_poly.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1500, val_interval=500)
