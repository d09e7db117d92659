# Greedy search over the stages.
_base_ = './deeplabv3plus_animals_1-50_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='GIST', num_stages=6, beam_size=1))
