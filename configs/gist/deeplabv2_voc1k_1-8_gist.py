# Greedy search over the stages.
_base_ = './deeplabv2_voc1k_1-8_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='GIST', num_stages=9, beam_size=1))
