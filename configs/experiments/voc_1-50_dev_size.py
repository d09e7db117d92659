# Table III: 500 development images, the first 50 of them those of the other
# experiments. The 450 are not among the unlabeled images, so it needs a work dir of
# its own.
_base_ = ['../gist/deeplabv2_voc_1-50_rist.py', '../_base_/experiments/paper.py']
splits = '{{ fileDirname }}/../_base_/splits/voc/1-50'
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled_500.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev_500.txt'))
train_cfg = dict(
    policy=dict(_delete_=True, type='PolicySet', policies={{_base_.policies}})
)
