# ST++: first on the images whose pseudo-labels are the more reliable half, then on all.
_base_ = 'deeplabv3plus_camvid_1-16_st.py'
train_cfg = dict(policy=dict(num_stages=2), reliable=[0.5, 1.0])
