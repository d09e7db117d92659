"""Convolution and normalization in one step, against the two one after the other."""

import pytest
import torch
from torch import nn

from mmseg_gist.models.backbones.efficientnet_lite import SameConv2d
from mmseg_gist.models.utils import DepthwiseConv2d, conv_norm

CONVS = dict(
    plain=lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1),
    same=lambda: SameConv2d(4, 6, 3, stride=2, bias=False),
    depthwise=lambda: DepthwiseConv2d(4, kernel_size=5, padding=4, dilation=2),
)


def norm_of(conv, **kwargs):
    norm = nn.BatchNorm2d(conv.out_channels, **kwargs)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return norm.double()


@pytest.mark.parametrize('kind', CONVS)
def test_frozen_batch_norm_is_folded(kind):
    torch.manual_seed(0)
    conv = CONVS[kind]().double()
    norm = norm_of(conv, eps=0.1).eval()
    given = [torch.randn(2, 4, 9, 12, dtype=torch.double, requires_grad=True)]
    given += [*conv.parameters(), *norm.parameters()]
    found = []
    for out in (conv_norm(conv, norm, given[0]), norm(conv(given[0]))):
        loss = (out * torch.linspace(-1, 2, out.numel()).view_as(out)).sum()
        found.append((out, *torch.autograd.grad(loss, given)))
    for one, other in zip(*found):
        torch.testing.assert_close(one, other)


def test_folding_spares_an_output():
    """Of the two outputs of conv and norm only one is kept for the gradient."""
    conv = nn.Conv2d(2, 50, 1, bias=False).double()
    norm = norm_of(conv).eval().requires_grad_(False)
    x = torch.randn(1, 2, 8, 8, dtype=torch.double)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda tensor: tensor):
        conv_norm(conv, norm, x)
        assert not [tensor for tensor in kept if tensor.shape == (1, 50, 8, 8)]
        norm(conv(x))
        assert [tensor for tensor in kept if tensor.shape == (1, 50, 8, 8)]


def test_training_statistics_and_other_norms_stay_as_they_are():
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 6, 1).double()
    x = torch.randn(2, 4, 5, 5, dtype=torch.double)
    norm = norm_of(conv)
    before = norm.running_mean.clone()
    out = conv_norm(conv, norm, x)
    torch.testing.assert_close(out.mean((0, 2, 3)), norm.bias)
    assert not torch.equal(norm.running_mean, before)
    group = nn.GroupNorm(2, 6).double().eval()
    assert torch.equal(conv_norm(conv, group, x), group(conv(x)))
