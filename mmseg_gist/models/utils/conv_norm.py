"""A convolution and the normalization behind it, in one step where they can be."""

from mmengine.model.efficient_conv_bn_eval import efficient_conv_bn_eval_forward
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def conv_norm(conv: nn.Conv2d, norm: nn.Module, x: Tensor) -> Tensor:
    """``norm(conv(x))``.

    BatchNorm in eval mode, which is frozen while training, only scales and shifts
    each channel. So the kernel is scaled instead of the output: one pass less over
    the pixels in both directions, and one output less to keep for the gradient
    (https://arxiv.org/abs/2305.11624).

    Args:
        conv: Its ``_conv_forward`` takes any kernel and bias.
        norm: Its normalization.
        x: Float (N, C, H, W).

    Returns:
        Tensor: Float (N, C', H', W').
    """
    if isinstance(norm, _BatchNorm) and not norm.training:
        return efficient_conv_bn_eval_forward(norm, conv, x)
    return norm(conv(x))
