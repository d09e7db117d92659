"""The ResNet of DeepLab-v2 (https://arxiv.org/abs/1606.00915)."""

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import nn


@MODELS.register_module()
class DeepLabV2ResNet(ResNet):
    """Caffe-style ResNet with output stride 8.

    mmseg's ResNet with a plain 7x7 stem, strides on the first 1x1 convolution
    of a block, dilation 2 in the third stage and 4 in the fourth, their first
    blocks included, and a max-pool that rounds sizes up: 256 pixels become 33
    in the last feature, 321 become 41.

    Args:
        depth (int): 50 or 101.
        init_cfg (dict | list[dict], optional): By default weights from
            N(0, 0.01^2) and unit BatchNorm scales, with which activations stay
            finite even where BatchNorm is frozen.
        **kwargs: Other arguments of mmseg's ``ResNet``, such as ``norm_cfg``,
            ``norm_eval``, ``out_indices`` and ``with_cp``.

    Raises:
        KeyError: The depth is not 50 or 101.
    """

    arch_settings = {depth: ResNet.arch_settings[depth] for depth in (50, 101)}

    def __init__(self, depth, init_cfg=None, **kwargs):
        super().__init__(
            depth,
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            style='caffe',
            init_cfg=init_cfg
            or [
                dict(type='Normal', layer='Conv2d', std=0.01),
                dict(type='Constant', layer='_BatchNorm', val=1),
            ],
            **kwargs,
        )
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
