"""The head of DeepLab-v2 (https://arxiv.org/abs/1606.00915)."""

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import nn

from mmseg_gist.utils import UserError


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Sum of dilated 3x3 convolutions from the features to the classes.

    Args:
        in_channels (int): Channels of the feature.
        num_classes (int): Number of classes.
        dilations (Sequence[int]): Dilation, and padding, of each branch.
        num_branches (int): Number of branches, counted from the first. DeepLab-v2 has
            4; the code shared by AdvSemiSeg, S4GAN and ClassMix sums only 2.
        loss_decode (dict | Sequence[dict], optional): The loss, by default the
            mean cross entropy over the pixels that are not ignored.
        align_corners (bool): How logits are resized to labels and images.
        init_cfg (dict | list[dict], optional): By default weights from
            N(0, 0.01^2) and zero biases.
        **kwargs: Other arguments of mmseg's ``BaseDecodeHead``, such as
            ``in_index`` and ``ignore_index``.

    Raises:
        UserError: There are fewer dilations than ``num_branches``.
    """

    def __init__(
        self,
        in_channels,
        num_classes,
        dilations=(6, 12, 18, 24),
        num_branches=4,
        loss_decode=None,
        align_corners=True,
        init_cfg=None,
        **kwargs,
    ):
        if not 1 <= num_branches <= len(dilations):
            raise UserError(
                f'DeepLabV2Head: num_branches {num_branches} is not in 1 to '
                f'{len(dilations)}, the number of dilations'
            )
        super().__init__(
            in_channels,
            channels=num_classes,
            num_classes=num_classes,
            dropout_ratio=0,
            loss_decode=loss_decode
            or dict(type='CrossEntropyLoss', avg_non_ignore=True),
            align_corners=align_corners,
            init_cfg=init_cfg or dict(type='Normal', layer='Conv2d', std=0.01),
            **kwargs,
        )
        del self.conv_seg  # the branches themselves end in the classes
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels, self.out_channels, 3, padding=d, dilation=d)
            for d in dilations[:num_branches]
        )

    def forward(self, inputs):
        """Computes the logits.

        Args:
            inputs (Sequence[Tensor]): Features; the one at ``in_index`` is
                used, float (N, in_channels, h, w).

        Returns:
            Tensor: Logits, float (N, num_classes, h, w).
        """
        x = self._transform_inputs(inputs)
        return sum(conv(x) for conv in self.convs)
