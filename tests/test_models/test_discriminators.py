import pytest
import torch
from mmseg.registry import MODELS
from torch import nn


def build(**kwargs):
    return MODELS.build(dict(type='S4GANDiscriminator', in_channels=5, **kwargs))


def test_the_layers_of_the_paper():
    model = build()
    convs = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert [(conv.in_channels, conv.out_channels) for conv in convs] == [
        (5, 64),
        (64, 128),
        (128, 256),
        (256, 512),
    ]
    for conv in convs:
        assert (conv.kernel_size, conv.stride, conv.padding) == ((4, 4), (2, 2), (1, 1))
    kinds = [type(module).__name__ for module in model.layers]
    block = ['Conv2d', 'LeakyReLU', 'Dropout2d']
    assert kinds == 3 * block + block[:2]
    assert {m.negative_slope for m in model.layers[1::3]} == {0.2}
    assert {m.p for m in model.layers[2::3]} == {0.5}
    assert (model.score.in_features, model.score.out_features) == (512, 1)


@pytest.mark.parametrize('size', [(16, 16), (40, 33), (64, 128)])
def test_scores_and_features_of_maps_of_any_size(size):
    model = build(channels=2).eval()
    maps = torch.rand(3, 5, *size)
    scores, features = model(maps)
    assert scores.shape == (3,)
    assert features.shape == (3, 16)
    pooled = model.layers(maps).mean(dim=(2, 3))
    assert torch.allclose(features, pooled)
    expected = pooled @ model.score.weight[0] + model.score.bias
    assert torch.allclose(scores, expected)
