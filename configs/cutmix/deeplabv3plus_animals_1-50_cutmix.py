# CutMix: ClassMix with a rectangle.
_base_ = '../classmix/deeplabv3plus_animals_1-50_classmix.py'
model = dict(mask=dict(type='CutMask'))
