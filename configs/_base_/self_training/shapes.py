# Stage 0 is the supervised training; the stages after it learn more slowly.
_base_ = ['../schedules/adamw_poly.py', '../recipes/default.py']
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=2.0)}),
)
train_cfg = dict(
    initial_iters=800,
    refinement=dict(optim_wrapper=dict(optimizer=dict(lr=5e-4))),
)
