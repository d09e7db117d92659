from collections.abc import Sequence

from .labels import loads, step_name


def tta_pipeline(
    pipeline: list[dict],
    scales: Sequence[float] = (0.75, 1.0, 1.25),
    flip: bool = True,
) -> list[dict]:
    """A test pipeline with several scales and mirror images inserted.

    They come after the steps that load and resize the image, so scales are relative to
    the size at which the model is tested. They come before the labels, which are
    compared at their own size.

    Args:
        pipeline (list[dict]): Configs of the pipeline's steps.
        scales (Sequence[float]): Factors of the image's size.
        flip (bool): Whether each scale is mirrored as well.

    Returns:
        list[dict]: The pipeline, which ends in mmcv's ``TestTimeAug``.
    """
    start = next(
        index
        for index, step in enumerate(pipeline)
        if loads(step, 'Annotations') or step_name(step) == 'PackSegInputs'
    )
    sizes = [
        dict(type='Resize', scale_factor=factor, keep_ratio=True) for factor in scales
    ]
    flips = [dict(type='RandomFlip', prob=float(prob)) for prob in range(1 + flip)]
    rest = [[step] for step in pipeline[start:]]
    augment = dict(type='TestTimeAug', transforms=[sizes, flips, *rest])
    return [*pipeline[:start], augment]
