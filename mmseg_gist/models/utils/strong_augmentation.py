import math

import torch
from mmseg.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

# Rotation about the axis of grays: cos I + (1 - cos) / 3 * ones + sin * _TURN.
_TURN = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)


@MODELS.register_module()
class StrongAugmentation:
    """Color jitter, gray and Gaussian blur of a batch, on its device.

    Labels stay valid, and each image has its own random numbers. Gray is the mean of
    the three channels and hue rotates about the gray axis, so the order of the channels
    does not matter.

    Args:
        jitter (float): Factors of brightness, contrast and saturation are
            uniform in [1 - jitter, 1 + jitter]. Defaults to 0.25.
        hue (float): The hue's turn is uniform in [-hue, hue] of a full circle.
            Defaults to 0.25.
        jitter_prob (float): How often an image is jittered. Defaults to 0.8.
        gray_prob (float): How often an image becomes gray. Defaults to 0.
        sigma (tuple[float, float]): Range of the blur's standard deviation,
            in pixels. Defaults to (0.15, 1.15).
        blur_prob (float): How often an image is blurred. Defaults to 0.5.
    """

    def __init__(
        self,
        jitter: float = 0.25,
        hue: float = 0.25,
        jitter_prob: float = 0.8,
        gray_prob: float = 0.0,
        sigma: tuple[float, float] = (0.15, 1.15),
        blur_prob: float = 0.5,
    ) -> None:
        self.amounts = torch.tensor([jitter, jitter, jitter, hue])
        self.jitter_prob = jitter_prob
        self.gray_prob = gray_prob
        self.sigma = sigma
        self.blur_prob = blur_prob

    def __call__(self, images: Tensor) -> Tensor:
        """The augmented images.

        Args:
            images (Tensor): (N, 3, H, W), float in [0, 255].

        Returns:
            Tensor: (N, 3, H, W), float in [0, 255].
        """
        # the CPU's random numbers, whatever the device of the images
        changes = (2 * torch.rand(4, len(images)) - 1) * self.amounts[:, None]
        changes *= torch.rand(len(images)) < self.jitter_prob
        changes[2, torch.rand(len(images)) < self.gray_prob] = -1
        if changes.any():
            images = color_jitter(images, *changes.to(images))
        low, high = self.sigma
        sigma = low + (high - low) * torch.rand(len(images))
        blurred = torch.rand(len(images)) < self.blur_prob
        if blurred.any():
            images = images.clone()
            images[blurred] = gaussian_blur(images[blurred], sigma[blurred])
        return images


def color_jitter(
    images: Tensor,
    brightness: Tensor,
    contrast: Tensor,
    saturation: Tensor,
    hue: Tensor,
) -> Tensor:
    """Brightness, contrast, saturation and hue, in this order.

    Images without exactly three channels have neither saturation nor hue.

    Args:
        images (Tensor): (N, C, H, W), float in [0, 255].
        brightness (Tensor): (N, ), relative change, above -1.
        contrast (Tensor): (N, ), relative change of the distance from the
            image's mean gray.
        saturation (Tensor): (N, ), relative change of the distance from the
            pixel's gray.
        hue (Tensor): (N, ), in full circles.

    Returns:
        Tensor: (N, C, H, W), float in [0, 255].
    """

    def away_from(gray: Tensor, change: Tensor) -> Tensor:
        return gray + (images - gray) * (1 + change)[:, None, None, None]

    images = images * (1 + brightness)[:, None, None, None]
    images = away_from(images.mean(dim=(1, 2, 3), keepdim=True), contrast)
    if images.shape[1] != 3:
        return images.clamp(0, 255)
    images = away_from(images.mean(dim=1, keepdim=True), saturation)
    angle = (2 * math.pi * hue)[:, None, None]
    rotation = (
        angle.cos() * torch.eye(3).to(images)
        + (1 - angle.cos()) / 3
        + angle.sin() * _TURN.to(images)
    )
    return torch.einsum('nij,njhw->nihw', rotation, images).clamp(0, 255)


def gaussian_blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Blurs rows and columns with a Gaussian, cut off at four times the largest sigma.

    Args:
        images (Tensor): (N, C, H, W); H and W above 4 sigma + 1.
        sigma (Tensor): (N, ), standard deviations in pixels, above 0.

    Returns:
        Tensor: (N, C, H, W).
    """
    shape = images.shape
    radius = math.ceil(4 * sigma.max())
    steps = torch.arange(-radius, radius + 1).to(images)
    kernels = (-0.5 * (steps / sigma.to(images)[:, None]) ** 2).exp()
    kernels = kernels / kernels.sum(dim=1, keepdim=True)
    kernels = kernels.repeat_interleave(shape[1], dim=0)[:, None, None]
    groups = len(kernels)
    padded = F.pad(images, [radius] * 4, mode='reflect')
    rows = F.conv2d(padded.flatten(0, 1)[None], kernels, groups=groups)
    return F.conv2d(rows, kernels.transpose(2, 3), groups=groups).view(shape)
