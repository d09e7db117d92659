# CutMix: ClassMix with a rectangle.
_base_ = '../classmix/deeplabv2_voc1k_1-8_classmix.py'
model = dict(mask=dict(type='CutMask'))
