# Greedy search over the stages.
_base_ = './deeplabv3plus_camvid_1-16_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='GIST', num_stages=6, beam_size=1))
