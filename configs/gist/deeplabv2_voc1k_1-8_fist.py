# Each step on both kinds of labels.
_base_ = './deeplabv2_voc1k_1-8_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='FIST', num_stages=9, alpha=0.5))
