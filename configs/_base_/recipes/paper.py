# The paper's recipe: consistency loss, label erase and temperature scaling. The paper
# does not give loss_weight, dropout_ratio and momentum of the consistency loss, and
# the threshold of label erase: 0.15 is a plain probability of 0.965 with 21 classes
# (docs/self_training.md has the formula).
train_cfg = dict(
    type='IterativeSelfTrainingLoop',
    stage_ratio=0.12,  # 3,000 of 25,000 iterations
    temperature_scaling=dict(T=0.2),
    label_erase=dict(threshold=0.15),
    consistency=dict(loss_weight=0.1, dropout_ratio=0.1, momentum=0.01),
)
