# Crops, and whole images in tests and labeling, are padded to sides of 8 k + 1:
# feature j is then that of pixel 8 j. At their own sizes features are up to five
# pixels off at the right edge, and every stage would learn that shift again.
_base_ = './deeplabv2_r101.py'
model = dict(
    data_preprocessor=dict(
        size=(321, 321), size_divisor=None, test_cfg=dict(size=(505, 505))
    )
)
