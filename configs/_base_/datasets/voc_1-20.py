# 529 labeled, 50 development, 10,003 unlabeled images of VOC's 10,582.
_base_ = './voc_1-50.py'
splits = '{{ fileDirname }}/../splits/voc/1-20'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
