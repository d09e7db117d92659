from collections.abc import Sequence

from .labels import loads, step_name


def tta_pipeline(
    pipeline: list[dict],
    scales: Sequence[float] = (0.75, 1.0, 1.25),
    flip: bool = True,
) -> list[dict]:
    """A test pipeline with several scales and mirror images put into it.

    They come after what loads and resizes the image, so that they are relative
    to the size at which the model is tested, and before the labels, which are
    compared at their own size.

    Args:
        pipeline (list[dict]): Configs of its steps.
        scales (Sequence[float]): Factors of the image's size.
        flip (bool): Whether each is seen mirrored, too.

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
