_base_ = './voc.py'
train_cfg = dict(stage_iters=4000)
