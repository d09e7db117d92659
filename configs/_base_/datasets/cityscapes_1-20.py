# 148 labeled, 50 development, 2,777 unlabeled images of Cityscapes' 2,975.
_base_ = './cityscapes_1-50.py'
splits = '{{ fileDirname }}/../splits/cityscapes/1-20'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
