# The same with more images labelled.
_base_ = './deeplabv2_camvid_1-16_classmix.py'
splits = '{{ fileDirname }}/../_base_/splits/camvid/1-8'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
