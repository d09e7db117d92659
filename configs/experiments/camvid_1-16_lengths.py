_base_ = [
    '../gist/deeplabv3plus_camvid_1-16_rist.py',
    '../_base_/experiments/lengths.py',
]
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
