import math

import torch
from mmseg.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

# Rotation about the axis of greys: cos I + (1 - cos) / 3 * ones + sin * _TURN.
_TURN = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)


@MODELS.register_module()
class StrongAugmentation:
    """Colour jitter and Gaussian blur of a whole batch, on its device.

    Both leave the labels valid. Jitter changes brightness, contrast,
    saturation and hue of each image by random numbers of its own; blur has one
    sigma for the batch. Grey is the mean of the three channels and hue turns
    about the grey axis, so the order of the channels plays no part.

    Args:
        jitter (float): Factors of brightness, contrast and saturation are
            uniform in [1 - jitter, 1 + jitter], the hue's turn in
            [-jitter, jitter] of a full circle. Defaults to 0.25.
        jitter_prob (float): How often a batch is jittered. Defaults to 0.8.
        sigma (tuple[float, float]): Range of the blur's standard deviation,
            in pixels. Defaults to (0.15, 1.15).
        blur_prob (float): How often a batch is blurred. Defaults to 0.5.
    """

    def __init__(
        self,
        jitter: float = 0.25,
        jitter_prob: float = 0.8,
        sigma: tuple[float, float] = (0.15, 1.15),
        blur_prob: float = 0.5,
    ) -> None:
        self.jitter = jitter
        self.jitter_prob = jitter_prob
        self.sigma = sigma
        self.blur_prob = blur_prob

    def __call__(self, images: Tensor) -> Tensor:
        """The augmented images.

        Args:
            images (Tensor): (N, 3, H, W), float in [0, 255].

        Returns:
            Tensor: The same.
        """
        # the CPU's random numbers, whatever the device of the images
        if torch.rand(()) < self.jitter_prob:
            amounts = (2 * torch.rand(4, len(images)) - 1) * self.jitter
            images = color_jitter(images, *amounts.to(images))
        if torch.rand(()) < self.blur_prob:
            low, high = self.sigma
            images = gaussian_blur(images, low + (high - low) * torch.rand(()).item())
        return images


def color_jitter(
    images: Tensor,
    brightness: Tensor,
    contrast: Tensor,
    saturation: Tensor,
    hue: Tensor,
) -> Tensor:
    """Brightness, contrast, saturation and hue, in this order.

    Args:
        images (Tensor): (N, 3, H, W), float in [0, 255].
        brightness (Tensor): (N, ), relative change, above -1.
        contrast (Tensor): (N, ), relative change of the distance from the
            image's mean grey.
        saturation (Tensor): (N, ), relative change of the distance from the
            pixel's grey.
        hue (Tensor): (N, ), in full circles.

    Returns:
        Tensor: (N, 3, H, W), float in [0, 255].
    """

    def away_from(grey: Tensor, change: Tensor) -> Tensor:
        return grey + (images - grey) * (1 + change)[:, None, None, None]

    images = images * (1 + brightness)[:, None, None, None]
    images = away_from(images.mean(dim=(1, 2, 3), keepdim=True), contrast)
    images = away_from(images.mean(dim=1, keepdim=True), saturation)
    angle = (2 * math.pi * hue)[:, None, None]
    rotation = (
        angle.cos() * torch.eye(3).to(images)
        + (1 - angle.cos()) / 3
        + angle.sin() * _TURN.to(images)
    )
    return torch.einsum('nij,njhw->nihw', rotation, images).clamp(0, 255)


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blurs rows and columns with a Gaussian cut off at 4 sigma.

    Args:
        images (Tensor): (N, 3, H, W); H and W above 4 sigma + 1.
        sigma (float): Standard deviation in pixels.

    Returns:
        Tensor: (N, 3, H, W).
    """
    radius = math.ceil(4 * sigma)
    kernel = torch.arange(-radius, radius + 1).to(images)
    kernel = (-0.5 * (kernel / sigma) ** 2).exp()
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, 1, -1)
    padded = F.pad(images, [radius] * 4, mode='reflect')
    rows = F.conv2d(padded, kernel, groups=images.shape[1])
    return F.conv2d(rows, kernel.transpose(2, 3), groups=images.shape[1])
