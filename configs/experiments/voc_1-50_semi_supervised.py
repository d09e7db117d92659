# Table I, the column of VOC 1/50: each base alone, with GIST and with RIST.
_base_ = ['../gist/deeplabv2_voc_1-50_rist.py', '../_base_/experiments/paper.py']
configs = '{{ fileDirname }}/..'
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
experiment = dict(
    settings=dict(
        _delete_=True,
        supervised={},
        S4GAN=dict(stage_0=f'{configs}/s4gan/deeplabv2_voc_1-50_s4gan.py'),
        ClassMix=dict(stage_0=f'{configs}/classmix/deeplabv2_voc_1-50_classmix.py'),
    )
)
