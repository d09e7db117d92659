# ClassMix, CutMix and S4GAN alone, and refined by RIST and GIST; the supervised base
# and its refinements are in the records of camvid_1-16_policies.py.
_base_ = [
    '../gist/deeplabv2_camvid_1-16_rist.py',
    '../_base_/experiments/rist_gist.py',
]
configs = '{{ fileDirname }}/..'
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        'ClassMix': dict(
            stage_0=f'{configs}/classmix/deeplabv2_camvid_1-16_classmix.py'
        ),
        'CutMix': dict(stage_0=f'{configs}/cutmix/deeplabv2_camvid_1-16_cutmix.py'),
        'S4GAN': dict(stage_0=f'{configs}/s4gan/deeplabv2_camvid_1-16_s4gan.py'),
    },
)
