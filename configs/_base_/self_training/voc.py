# As the paper trains on VOC: stage 0 is the supervised training.
_base_ = ['../schedules/sgd_poly.py', '../recipes/paper.py']
train_cfg = dict(initial_iters=25000, initial_val_interval=1000, stage_iters=3000)
