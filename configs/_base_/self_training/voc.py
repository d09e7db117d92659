# As the paper trains on VOC: stage 0 is the supervised training. What the paper
# does not tell: loss_weight, dropout_ratio and momentum of the consistency loss,
# and the threshold of LabelErase in the data's unlabeled_pipeline.
_base_ = '../schedules/sgd_25k.py'
train_cfg = dict(
    _delete_=True,
    type='IterativeSelfTrainingLoop',
    initial_iters={{_base_.train_cfg.max_iters}},
    initial_val_interval={{_base_.train_cfg.val_interval}},
    stage_iters=3000,
    probabilities=dict(type='TemperatureScaling', T=0.2),
    consistency=dict(loss_weight=0.1, dropout_ratio=0.5, momentum=0.99),
)
