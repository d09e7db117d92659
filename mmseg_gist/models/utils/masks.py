"""Masks of the pixels that are pasted onto the next image of the batch."""

from collections.abc import Callable

import torch
from mmseg.registry import MODELS
from torch import Tensor


def mix_with_next(mask: Tensor, batch: Tensor) -> Tensor:
    """Pastes the masked pixels of each image onto the next; the last onto the first.

    ``out_i = mask_i * batch_i + (1 - mask_i) * batch_{(i + 1) mod N}``

    Args:
        mask (Tensor): (N, H, W), bool.
        batch (Tensor): (N, H, W) or (N, C, H, W).

    Returns:
        Tensor: With the shape and dtype of ``batch``.
    """
    if batch.ndim == 4:
        mask = mask[:, None]
    return torch.where(mask, batch, batch.roll(-1, dims=0))


def build_mask(cfg: dict, ignore_index: int) -> Callable:
    """Builds a mask for a segmentor whose loss ignores a label."""
    if cfg['type'] == 'ClassMask':
        cfg = {'ignore_index': ignore_index, **cfg}
    return MODELS.build(cfg)


@MODELS.register_module()
class ClassMask:
    """All pixels of half of the classes of an image (ClassMix).

    With n classes in an image, floor(n / 2) are drawn, each with the same probability
    (https://arxiv.org/abs/2007.07936).

    Args:
        ignore_index (int): Pixels with this label have no class.
            Defaults to 255.
    """

    def __init__(self, ignore_index: int = 255) -> None:
        self.ignore_index = ignore_index

    def __call__(self, labels: Tensor) -> Tensor:
        """The pixels that are pasted.

        Args:
            labels (Tensor): (N, H, W), int, the classes of the images.

        Returns:
            Tensor: (N, H, W), bool.
        """
        masks = []
        for label in labels:
            classes = label.unique()
            classes = classes[classes != self.ignore_index]
            order = torch.randperm(len(classes), device='cpu')
            chosen = classes[order[: len(classes) // 2].to(classes.device)]
            masks.append(torch.isin(label, chosen))
        return torch.stack(masks)


@MODELS.register_module()
class CutMask:
    """All but a rectangle of half of the image's area (CutMix).

    So a rectangle of the next image is pasted onto each image. Its width is
    uniform between half of the image's and all of it, as in ClassMix's code (the code
    of https://arxiv.org/abs/1906.01916 draws it log-uniformly). Its place is uniform.
    """

    def __call__(self, labels: Tensor) -> Tensor:
        """The pixels that are pasted.

        Args:
            labels (Tensor): (N, H, W); only the shape counts.

        Returns:
            Tensor: (N, H, W), bool.
        """
        masks = torch.ones_like(labels, dtype=torch.bool)
        total_height, total_width = labels.shape[1:]
        for mask in masks:
            width = _uniform((total_width + 1) // 2, total_width)
            height = round(total_height * total_width / 2 / width)
            left = _uniform(0, total_width - width)
            top = _uniform(0, total_height - height)
            mask[top : top + height, left : left + width] = False
        return masks


@MODELS.register_module()
class BoxMask:
    """All but a box in some of the images, all pixels of the others.

    So a box of the next image is pasted onto some images, with the sizes that the
    code of UniMatch V2 (https://arxiv.org/abs/2410.10777) uses for CutMix. The
    area, the logarithm of height over width, and the place are uniform.

    Args:
        area (tuple[float, float]): Range of the box's area over the image's.
            Defaults to (0.02, 0.4).
        aspect (float): The height is between ``1 / aspect`` and ``aspect`` times
            the width. Defaults to 3.
        prob (float): How often there is a box. Defaults to 0.5.
    """

    def __init__(
        self,
        area: tuple[float, float] = (0.02, 0.4),
        aspect: float = 3.0,
        prob: float = 0.5,
    ) -> None:
        self.area = area
        self.aspect = aspect
        self.prob = prob

    def __call__(self, labels: Tensor) -> Tensor:
        """The pixels that are pasted.

        Args:
            labels (Tensor): (N, H, W); only the shape counts.

        Returns:
            Tensor: (N, H, W), bool.
        """
        masks = torch.ones_like(labels, dtype=torch.bool)
        total_height, total_width = labels.shape[1:]
        low, high = self.area
        for mask in masks:
            if torch.rand(()) >= self.prob:
                continue
            pixels = (low + (high - low) * torch.rand(()).item()) * mask.numel()
            ratio = self.aspect ** (2 * torch.rand(()).item() - 1)
            height = min(total_height, max(1, round((pixels * ratio) ** 0.5)))
            width = min(total_width, max(1, round((pixels / ratio) ** 0.5)))
            left = _uniform(0, total_width - width)
            top = _uniform(0, total_height - height)
            mask[top : top + height, left : left + width] = False
        return masks


def _uniform(low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    return int(torch.randint(low, high + 1, ()))
