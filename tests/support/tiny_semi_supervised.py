"""The tiny data and model, trained by ClassMix, UniMatch V2 or S4GAN."""

from pathlib import Path

from tiny import write_tiny

LOOP = """
train_cfg = dict(type='SemiSupervisedTrainLoop', max_iters=5, val_interval=5)
"""
ALGORITHMS = dict(
    ClassMix="""
model = dict(
    type='ClassMix', segmentor=model, threshold=0.3,
    augmentation=dict(type='StrongAugmentation'))
custom_hooks = [dict(type='MeanTeacherHook', momentum=0.1, warm_up=True)]
""",
    UniMatchV2="""
model = dict(
    type='UniMatchV2', segmentor=model, mask=dict(type='BoxMask'), threshold=0.335,
    augmentation=dict(type='StrongAugmentation', gray_prob=0.2))
custom_hooks = [dict(
    type='MeanTeacherHook', momentum=0.1, warm_up=True, update_buffers=True)]
""",
    S4GAN="""
model = dict(type='S4GAN', segmentor=model, threshold=0.4)
optim_wrapper.update(
    constructor='S4GANOptimWrapperConstructor',
    discriminator=dict(optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99))))
custom_hooks = [dict(type='HelperHook', name='discriminator')]
""",
)
HELPERS = dict(ClassMix='teacher', UniMatchV2='teacher', S4GAN='discriminator')


def write_semi(folder: Path, algorithm: str) -> Path:
    """See :func:`tiny.write_tiny`."""
    config = write_tiny(folder)
    with config.open('a') as file:
        file.write(LOOP + ALGORITHMS[algorithm])
    return config
