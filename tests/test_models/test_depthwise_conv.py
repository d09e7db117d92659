"""The depthwise convolution against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F

from mmseg_gist.models.utils.depthwise_conv import DepthwiseConv2d, DepthwiseGradients


@pytest.fixture
def conv():
    torch.manual_seed(0)
    return DepthwiseConv2d(3, kernel_size=5, padding=3, dilation=2).double()


def gradients(function, *args):
    """Output, and gradients of a loss that weighs each output differently."""
    out = function(*args)
    loss = (out * torch.linspace(-1, 2, out.numel()).view_as(out)).sum()
    return out, *torch.autograd.grad(loss, args)


@pytest.mark.parametrize('size', [(9, 12), (16, 7)])
@pytest.mark.parametrize('kernel', [3, 5])
@pytest.mark.parametrize(('padding', 'dilation'), [(0, 1), (2, 1), (1, 2), (4, 2)])
def test_gradients_are_pytorchs(size, kernel, padding, dilation):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *size, dtype=torch.double, requires_grad=True)
    weight = torch.randn(3, 1, kernel, kernel, dtype=torch.double, requires_grad=True)
    own = gradients(
        lambda *args: DepthwiseGradients.apply(*args, (padding,) * 2, (dilation,) * 2),
        x,
        weight,
    )
    theirs = gradients(
        lambda *args: F.conv2d(*args, None, 1, padding, dilation, groups=3), x, weight
    )
    for one, other in zip(own, theirs):
        torch.testing.assert_close(one, other)


def test_by_hand():
    """One tap right of the middle: what comes in from the right, goes back there."""
    x = torch.arange(6.0).view(1, 1, 2, 3).requires_grad_()
    weight = torch.zeros(1, 1, 3, 3)
    weight[0, 0, 1, 2] = 2
    weight.requires_grad_()
    out = DepthwiseGradients.apply(x, weight, (1, 1), (1, 1))
    assert out.tolist() == [[[[2, 4, 0], [8, 10, 0]]]]
    out.backward(torch.tensor([[[[1.0, 10, 100], [1000, 0, 0]]]]))
    assert x.grad.tolist() == [[[[0, 2, 20], [0, 2000, 0]]]]
    # each tap: the gradient times the pixel that it saw
    assert weight.grad[0, 0, 1].tolist() == [100, 3210, 4021]
    assert weight.grad[0, 0, 0].tolist() == [0, 0, 1000]


def test_memory_format_does_not_matter(conv):
    x = torch.randn(2, 3, 8, 9, dtype=torch.double)
    found = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        given = x.detach().clone(memory_format=memory_format).requires_grad_()
        conv.zero_grad()
        conv(given).square().sum().backward()
        found.append((given.grad.contiguous(), conv.weight.grad))
    torch.testing.assert_close(*found)


@pytest.mark.parametrize('of', ['x', 'weight'])
def test_only_the_gradient_asked_for(conv, of):
    x = torch.randn(1, 3, 8, 8, dtype=torch.double, requires_grad=of == 'x')
    conv.weight.requires_grad_(of == 'weight')
    conv(x).sum().backward()
    assert (x.grad is None) == (of == 'weight')
    assert (conv.weight.grad is None) == (of == 'x')


def test_without_gradient_and_under_autocast_pytorchs_own(conv, monkeypatch):
    monkeypatch.setattr(DepthwiseGradients, 'apply', None)  # cannot be called
    conv.float()
    x = torch.randn(1, 3, 8, 8)
    with torch.no_grad():
        assert conv(x).dtype == torch.float
    with torch.autocast('cpu', torch.bfloat16):
        out = conv(x)
    assert out.dtype == torch.bfloat16
    out.sum().backward()
    assert conv.weight.grad.dtype == torch.float
