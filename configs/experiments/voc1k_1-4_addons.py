_base_ = ['../gist/deeplabv2_voc1k_1-4_rist.py', '../_base_/experiments/addons.py']
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
