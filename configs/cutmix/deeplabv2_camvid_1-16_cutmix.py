# CutMix: ClassMix with a rectangle.
_base_ = '../classmix/deeplabv2_camvid_1-16_classmix.py'
model = dict(mask=dict(type='CutMask'))
