# Table I of the paper: 56.38 mIoU.
_base_ = './deeplabv2_cityscapes_1-30_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='GIST', num_stages=9, beam_size=1))
