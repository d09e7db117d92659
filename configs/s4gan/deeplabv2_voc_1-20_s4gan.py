# Table I of the paper: 62.35 mIoU.
_base_ = './deeplabv2_voc_1-50_s4gan.py'
splits = '{{ fileDirname }}/../_base_/splits/voc/1-20'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
