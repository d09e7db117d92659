# Table I of the paper: 58.11 mIoU.
_base_ = './deeplabv2_cityscapes_1-20_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='GIST', num_stages=9, beam_size=1))
