# Table I of the paper: 70.27 mIoU.
_base_ = './deeplabv2_voc_1-8_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='GIST', num_stages=9, beam_size=1))
