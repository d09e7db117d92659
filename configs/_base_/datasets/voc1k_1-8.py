# 66 labelled, 50 development, 412 unlabelled images of voc1k's 528.
_base_ = './voc1k.py'
splits = '{{ fileDirname }}/../splits/voc1k/1-8'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
