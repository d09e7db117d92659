# The project's own recipe, chosen on the development sets of VOC-animals and CamVid
# (docs/results.md): the same share of each class is kept, and pseudo-labeled images
# are perturbed. A stage has a fifth of stage 0's iterations.
train_cfg = dict(
    type='IterativeSelfTrainingLoop',
    stage_ratio=0.2,
    probabilities=dict(type='TemperatureScaling', T=0.2),
    label_erase=dict(keep=0.6),
    perturbation=dict(
        mask=dict(type='BoxMask'),
        augmentation=dict(
            type='StrongAugmentation',
            jitter=0.5,
            hue=0.05,
            grey_prob=0.2,
            sigma=(0.1, 1.5),
        ),
    ),
)
