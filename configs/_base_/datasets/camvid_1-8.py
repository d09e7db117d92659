# 46 labeled, 50 development, 271 unlabeled images of CamVid's 367.
_base_ = './camvid.py'
splits = '{{ fileDirname }}/../splits/camvid/1-8'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
