import math

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_gist.models.utils.strong_augmentation import color_jitter, gaussian_blur

ZERO = torch.zeros(1)


def jitter(image, **changes):
    amounts = {
        name: torch.tensor([changes.get(name, 0.0)])
        for name in ('brightness', 'contrast', 'saturation', 'hue')
    }
    return color_jitter(image, **amounts)


def image(*pixels):
    """(1, 3, 1, W) of W pixels."""
    return torch.tensor(pixels).T[None, :, None].float()


@pytest.mark.parametrize(
    'changes, expected',
    [
        ({}, [[30, 60, 90], [120, 120, 120]]),
        (dict(brightness=0.5), [[45, 90, 135], [180, 180, 180]]),
        # the image's mean is 90
        (dict(contrast=0.5), [[0, 45, 90], [135, 135, 135]]),
        (dict(contrast=-1.0), [[90, 90, 90], [90, 90, 90]]),
        # the pixels' means are 60 and 120
        (dict(saturation=0.5), [[15, 60, 105], [120, 120, 120]]),
        (dict(saturation=-1.0), [[60, 60, 60], [120, 120, 120]]),
        # a third of the circle moves each channel to the next
        (dict(hue=1 / 3), [[90, 30, 60], [120, 120, 120]]),
        (dict(hue=-1 / 3), [[60, 90, 30], [120, 120, 120]]),
        (dict(hue=1.0), [[30, 60, 90], [120, 120, 120]]),
        (dict(brightness=1.5), [[75, 150, 225], [255, 255, 255]]),
        # in this order: 2 * 30 = 60, away from 180 by 1.5 (-> 0), from 120 (-> -120)
        (
            dict(brightness=1.0, contrast=0.5, saturation=1.0),
            [[0, 90, 255], [255, 255, 255]],
        ),
    ],
)
def test_jitter_by_hand(changes, expected):
    result = jitter(image([30, 60, 90], [120, 120, 120]), **changes)
    assert result[0, :, 0].T.tolist() == [pytest.approx(p, abs=1e-3) for p in expected]


def test_images_are_jittered_apart():
    images = torch.cat([image([30, 60, 90])] * 2)
    change = torch.tensor([0.0, 1.0])
    zero = torch.zeros(2)
    result = color_jitter(images, change, zero, zero, zero)
    assert result[:, :, 0, 0].tolist() == [[30, 60, 90], [60, 120, 180]]


def test_blur_by_hand():
    """With sigma 1 the neighbors get exp(-1/2) of a point's weight."""
    point = torch.zeros(1, 3, 11, 11)
    point[:, 1, 5, 5] = 100
    result = gaussian_blur(point, torch.tensor([1.0]))
    total = sum(math.exp(-(i**2) / 2) for i in range(-4, 5))
    assert result[0, 1, 5, 5].item() == pytest.approx(100 / total**2)
    assert result[0, 1, 5, 6].item() == pytest.approx(100 * math.exp(-0.5) / total**2)
    assert result[0, 1, 4, 6].item() == pytest.approx(100 * math.exp(-1) / total**2)
    assert result.sum().item() == pytest.approx(100)
    assert not result[0, ::2].any()


def test_each_image_has_a_sigma_of_its_own():
    images = torch.rand(2, 3, 13, 13)
    both = gaussian_blur(images, torch.tensor([0.5, 1.5]))
    for one, blurred, sigma in zip(images, both, (0.5, 1.5)):
        # the kernel of the smaller sigma is cut off later here: weights below e^-8
        alone = gaussian_blur(one[None], torch.tensor([sigma]))
        assert torch.allclose(blurred, alone[0], atol=1e-3)


def test_blur_keeps_what_is_even_up_to_the_border():
    even = torch.full((2, 3, 9, 7), 42.0)
    assert torch.allclose(gaussian_blur(even, torch.tensor([1.15, 0.2])), even)


@pytest.mark.slow
def test_how_often_and_how_much():
    augment = MODELS.build(dict(type='StrongAugmentation'))
    torch.manual_seed(0)
    gray = torch.full((1, 3, 8, 8), 100.0)
    gray[:, :, ::2] = 140
    jittered, blurred = 0, 0
    for _ in range(300):
        before = gray.clone()
        result = augment(gray)
        assert torch.equal(gray, before)
        jittered += result.mean().item() != pytest.approx(120, abs=1e-3)
        difference = (result[..., 1, :] - result[..., 0, :]).abs().mean() / 40
        # contrast and brightness change it by at most 1.25 ** 2, and 0.75 ** 2
        assert difference < 1.25**2 + 1e-3
        blurred += difference.item() < 0.75**2 - 1e-3
    assert 200 < jittered < 280
    assert 30 < blurred < 150  # of the half that is blurred those with much blur


def test_gray_is_the_mean_of_the_channels():
    augment = MODELS.build(
        dict(type='StrongAugmentation', jitter_prob=0, blur_prob=0, gray_prob=1)
    )
    result = augment(image([30, 60, 90], [0, 0, 255]))
    expected = image([60] * 3, [85] * 3)
    assert torch.allclose(result, expected, atol=1e-3)


def test_images_draw_apart():
    augment = MODELS.build(
        dict(type='StrongAugmentation', jitter_prob=0, blur_prob=0, gray_prob=0.5)
    )
    torch.manual_seed(0)
    result = augment(image([30, 60, 90]).expand(40, -1, -1, -1))
    gray = (result[:, 0] - result[:, 2]).abs().flatten() < 1
    assert 10 < gray.sum() < 30


def test_switched_off():
    augment = MODELS.build(
        dict(type='StrongAugmentation', jitter_prob=0.0, blur_prob=0.0)
    )
    images = torch.rand(2, 3, 8, 8) * 255
    assert torch.equal(augment(images), images)


def test_four_channels_have_brightness_and_contrast_alone():
    images = torch.tensor([10.0, 20, 30, 40]).reshape(1, 4, 1, 1)
    changes = torch.tensor([0.5]), torch.tensor([1.0]), *[torch.tensor([0.9])] * 2
    changed = color_jitter(images, *changes)
    # 15, 30, 45, 60 of mean 37.5, whose distances from it are doubled, from 0 on
    assert changed.flatten().tolist() == [0, 22.5, 52.5, 82.5]
