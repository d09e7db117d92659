_base_ = './adamw_poly.py'
train_cfg = dict(refinement=dict(optim_wrapper=dict(optimizer=dict(lr=1e-4))))
