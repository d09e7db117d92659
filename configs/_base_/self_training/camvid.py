# Stage 0 is the supervised training; the stages after it have the paper's SGD, with
# which those on pseudo-labels lose less than with AdamW at 5e-5 or 1e-4.
_base_ = '../schedules/camvid.py'
train_cfg = dict(
    _delete_=True,
    type='IterativeSelfTrainingLoop',
    initial_iters={{_base_.train_cfg.max_iters}},
    stage_iters=100,
    probabilities=dict(type='TemperatureScaling', T=0.2),
    consistency=dict(loss_weight=0.1, dropout_ratio=0.5, momentum=0.99),
    refinement=dict(
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4)
        )
    ),
)
