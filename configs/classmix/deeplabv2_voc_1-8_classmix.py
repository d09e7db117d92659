# Table I of the paper: 66.14 mIoU.
_base_ = './deeplabv2_voc_1-50_classmix.py'
splits = '{{ fileDirname }}/../_base_/splits/voc/1-8'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
