"""A depthwise convolution whose gradients are fast on CPUs."""

import torch
import torch.nn.functional as F
from torch import nn


class DepthwiseConv2d(nn.Conv2d):
    """Depthwise convolution of stride 1 without a bias.

    PyTorch computes the same. But on CPUs its kernels for the gradients of large and of
    dilated convolutions take up to five times as long as :class:`DepthwiseGradients`
    (for 3 x 3 without dilation they are faster). On GPUs, and under autocast, PyTorch's
    own kernels are used.

    Args:
        channels (int): In and out.
        kernel_size (int): Side of the square kernel.
        padding (int): Zeros on each side, at most ``dilation * (kernel_size - 1)``.
        dilation (int): Defaults to 1.
    """

    def __init__(
        self, channels: int, kernel_size: int, padding: int, dilation: int = 1
    ) -> None:
        kwargs = dict(padding=padding, dilation=dilation, groups=channels, bias=False)
        super().__init__(channels, channels, kernel_size, **kwargs)

    def forward(self, x):
        if (
            x.is_cpu
            and torch.is_grad_enabled()
            and not torch.is_autocast_enabled('cpu')
        ):
            return DepthwiseGradients.apply(x, self.weight, self.padding, self.dilation)
        return super().forward(x)


class DepthwiseGradients(torch.autograd.Function):
    """A depthwise convolution whose gradients are forward convolutions too."""

    @staticmethod
    def forward(ctx, x, weight, padding, dilation):
        ctx.save_for_backward(x, weight)
        ctx.padding, ctx.dilation = padding, dilation
        return F.conv2d(x, weight, None, 1, padding, dilation, len(weight))

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        images, channels = x.shape[:2]
        grad_x = grad_weight = None
        if ctx.needs_input_grad[0]:
            # what went out through a tap comes back through it: the kernel is flipped
            padding = [
                dilation * (size - 1) - padding
                for size, padding, dilation in zip(
                    weight.shape[2:], ctx.padding, ctx.dilation
                )
            ]
            turned = weight.flip(2, 3)
            grad_x = F.conv2d(grad, turned, None, 1, padding, ctx.dilation, channels)
        if ctx.needs_input_grad[1]:
            # each channel of each image is filtered by its own gradient, at the taps,
            # which are a dilation apart
            x = x.reshape(1, -1, *x.shape[2:])
            grad = grad.reshape(-1, 1, *grad.shape[2:])
            taps = F.conv2d(x, grad, None, ctx.dilation, ctx.padding, 1, len(grad))
            grad_weight = taps.view(images, *weight.shape).sum(0)
        return grad_x, grad_weight, None, None
