from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor


def complementary_dropout(
    features: Tensor | Sequence, num_images: int
) -> Tensor | list:
    """Channel dropout of two views: a channel dropped in one is doubled in the other.

    Each channel's factor is 0 or 2 in the first view, with the same probability,
    and 2 or 0 in the second. Half of the images, rounded down and drawn anew each time,
    lose nothing. Maps with the same number of channels have the same factors, as in the
    code of UniMatch V2 (https://arxiv.org/abs/2410.10777), whose maps are alike.

    Args:
        features (Tensor | Sequence): Maps (2N, C, ...), one view after the other,
            or a backbone's output: a sequence of such maps, which may be nested.
        num_images (int): N.

    Returns:
        Tensor | list: With the shapes and dtypes of ``features``.
    """
    # the CPU's random numbers, whatever the device of the maps
    whole = torch.randperm(num_images)[: num_images // 2]

    @cache
    def factors(channels: int) -> Tensor:
        first = 2 * torch.randint(2, (num_images, channels))
        first[whole] = 1
        return torch.cat([first, 2 - first])

    def dropped(feature):
        if not isinstance(feature, Tensor):
            return [dropped(each) for each in feature]
        factor = factors(feature.shape[1]).to(feature)
        return feature * factor.reshape(*factor.shape, *[1] * (feature.ndim - 2))

    return dropped(features)
