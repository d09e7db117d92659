# Human labels only: what stage 0 of the self-training does.
_base_ = [
    '../_base_/models/deeplabv3plus_lite0_camvid.py',
    '../_base_/datasets/camvid_1-16.py',
    '../_base_/schedules/adamw_poly.py',
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1500, val_interval=500)
