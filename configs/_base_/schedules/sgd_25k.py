# The paper's supervised training.
_base_ = './sgd_poly.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=25000, val_interval=1000)
