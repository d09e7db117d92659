# 1,322 labeled, 50 development, 9,210 unlabeled images of VOC's 10,582.
_base_ = './voc_1-50.py'
splits = '{{ fileDirname }}/../splits/voc/1-8'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
