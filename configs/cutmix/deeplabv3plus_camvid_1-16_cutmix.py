# CutMix: ClassMix with a rectangle.
_base_ = '../classmix/deeplabv3plus_camvid_1-16_classmix.py'
model = dict(mask=dict(type='CutMask'))
