"""Evaluation whose batches may hold images of several sizes.

mmseg's data preprocessor stacks the images of a batch, so they must have one size.
"""

from collections.abc import Iterator

from mmengine.runner import TestLoop, ValLoop
from mmseg.registry import LOOPS
from torch import Tensor


class _BySize:
    """Gives the images of each size to the model as a separate batch."""

    def run_iter(self, idx: int, data_batch: dict) -> None:
        for part in by_size(data_batch):
            super().run_iter(idx, part)


@LOOPS.register_module()
class BySizeValLoop(_BySize, ValLoop):
    """mmengine's ValLoop for images of several sizes."""


@LOOPS.register_module()
class BySizeTestLoop(_BySize, TestLoop):
    """mmengine's TestLoop for images of several sizes."""


def by_size(batch: dict) -> Iterator[dict]:
    """The parts of a batch whose images have one size, by their first image.

    Args:
        batch (dict): ``inputs``, a list of images (C, H, W), and ``data_samples``, a
            list of the same length. In test-time augmentation, such a list per view.

    Yields:
        dict: The same structure, for some of the images.
    """
    inputs = batch['inputs']
    in_views = not isinstance(inputs[0], Tensor)
    views = inputs if in_views else [inputs]
    sizes = [tuple(view.shape for view in image) for image in zip(*views)]
    for size in dict.fromkeys(sizes):
        chosen = [i for i, other in enumerate(sizes) if other == size]

        def part(values: list, chosen: list = chosen) -> list:
            return [values[i] for i in chosen]

        yield {
            key: [part(view) for view in values] if in_views else part(values)
            for key, values in batch.items()
        }
