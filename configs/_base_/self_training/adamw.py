# For a backbone with ImageNet weights and a few labeled images, in the project's own
# recipe. Stage 0 is the supervised training (configs/supervised). The stages
# after it have a trained head, and AdamW's first steps, as large as any, would spoil
# it without warm-up.
_base_ = ['../schedules/adamw_poly.py', '../recipes/default.py']
train_cfg = dict(
    initial_iters=1500,
    refinement=dict(
        optim_wrapper=dict(
            optimizer=dict(lr=5e-5),
            paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=1.0)}),
        ),
        param_scheduler=[  # shrunk or stretched to a stage's length
            dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=8),
            dict(
                type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False, begin=8, end=100
            ),
        ],
    ),
)
