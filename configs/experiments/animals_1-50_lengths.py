_base_ = [
    '../gist/deeplabv3plus_animals_1-50_rist.py',
    '../_base_/experiments/lengths.py',
]
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
