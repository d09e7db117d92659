# Each step on both kinds of labels.
_base_ = './deeplabv2_camvid_1-16_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='FIST', num_stages=9, alpha=0.5))
