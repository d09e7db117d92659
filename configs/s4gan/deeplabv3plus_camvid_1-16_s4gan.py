# A discriminator learns from and teaches the segmentor.
_base_ = '../supervised/deeplabv3plus_camvid_1-16.py'
model = dict(
    _delete_=True,
    type='S4GAN',
    segmentor=_base_.model,
    discriminator=dict(type='S4GANDiscriminator'),
    threshold=0.6,
)
optim_wrapper = dict(
    constructor='S4GANOptimWrapperConstructor',
    discriminator=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
)
train_cfg = dict(type='SemiSupervisedTrainLoop')
# a kill during a save leaves the other one to resume from
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))
custom_hooks = [dict(type='HelperHook', name='discriminator')]
