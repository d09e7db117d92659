train_cfg = dict(
    type='IterativeSelfTrainingLoop',
    policy=dict(type='RIST', num_stages=9, num_paths=2, seed=0),
    probabilities=dict(type='TemperatureScaling', T=0.2),
    consistency=dict(loss_weight=0.1, dropout_ratio=0.5, momentum=0.99),
)
