_base_ = './adamw_poly.py'
optim_wrapper = dict(optimizer=dict(lr=5e-5))
