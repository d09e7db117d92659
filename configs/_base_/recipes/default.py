# The project's own recipe: pseudo-labeled images are perturbed, and no label is erased
# (erasing by class lowers the score of stages on pseudo-labels on VOC-animals'
# development set; dense scenes may want label_erase=dict(keep=0.7)). A stage has a
# quarter of stage 0's iterations. It is being measured: docs/results.md.
train_cfg = dict(
    type='IterativeSelfTrainingLoop',
    stage_ratio=0.25,
    temperature_scaling=dict(T=0.2),
    label_erase=None,
    perturbation=dict(
        mask=dict(type='BoxMask'),
        augmentation=dict(
            type='StrongAugmentation',
            jitter=0.5,
            hue=0.05,
            gray_prob=0.2,
            sigma=(0.1, 1.5),
        ),
    ),
)
