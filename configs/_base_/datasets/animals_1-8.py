# 390 labeled, 50 development, 2,691 unlabeled images.
_base_ = './animals_1-50.py'
splits = '{{ fileDirname }}/../splits/animals/1-8'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
