# Stage 0 is the supervised training. The stages after it have a trained head, and
# AdamW's first steps, as large as any, would spoil it without warm-up.
_base_ = '../schedules/voc1k.py'
train_cfg = dict(
    _delete_=True,
    type='IterativeSelfTrainingLoop',
    initial_iters={{_base_.train_cfg.max_iters}},
    stage_iters=150,
    probabilities=dict(type='TemperatureScaling', T=0.2),
    consistency=dict(loss_weight=0.1, dropout_ratio=0.5, momentum=0.99),
    refinement=dict(
        optim_wrapper=dict(
            paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=1.0)})
        ),
        param_scheduler=[
            dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=50),
            dict(
                type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False, begin=50, end=150
            ),
        ],
    ),
)
