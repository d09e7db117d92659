_base_ = './voc.py'
train_cfg = dict(
    stage_iters=4000,
    label_erase=dict(threshold=0.16),  # the same plain probability with 19 classes
)
