# The kind of label is drawn for every batch instead of every stage.
_base_ = './deeplabv2_voc1k_1-8_rist.py'
train_cfg = dict(policy=dict(_delete_=True, type='BatchwiseRandom', num_stages=9))
