# Table I of the paper: 61.30 mIoU.
_base_ = './deeplabv2_cityscapes_1-50_s4gan.py'
splits = '{{ fileDirname }}/../_base_/splits/cityscapes/1-4'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
