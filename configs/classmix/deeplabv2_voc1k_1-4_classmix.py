# The same with more images labelled.
_base_ = './deeplabv2_voc1k_1-8_classmix.py'
splits = '{{ fileDirname }}/../_base_/splits/voc1k/1-4'
train_dataloader = dict(dataset=dict(ann_file=f'{splits}/labeled.txt'))
unlabeled_dataloader = dict(dataset=dict(ann_file=f'{splits}/unlabeled.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{splits}/dev.txt'))
