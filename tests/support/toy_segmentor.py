"""A segmentor whose logits are its input, so that its losses can be told by hand."""

import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn


class Scale(nn.Module):
    """A backbone whose feature is the image times a parameter, at first 1."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return [x * self.scale]


SEGMENTOR = ConfigDict(
    type='EncoderDecoder',
    backbone=dict(type=Scale),
    decode_head=dict(
        type='FCNHead',
        in_channels=3,
        channels=3,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0,
        num_classes=3,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)


def identity_head(segmentor: nn.Module) -> nn.Module:
    """Makes its logits its last feature: an image of log p is predicted with p."""
    conv = segmentor.decode_head.conv_seg
    conv.weight.data.copy_(torch.eye(3)[..., None, None])
    conv.bias.data.zero_()
    return segmentor


def build(segmentor: dict = SEGMENTOR, **cfg) -> nn.Module:
    """The model around that segmentor, in training: 3 channels are 3 classes."""
    model = MODELS.build(dict(segmentor=segmentor, **cfg))
    identity_head(model.segmentor)
    teacher = getattr(model, 'teacher', None)
    if hasattr(teacher, 'decode_head'):  # it may be a backbone alone
        identity_head(teacher)
    return model.train()


def logits_of(*rows: tuple) -> torch.Tensor:
    """An image of one row (1, 3, 1, W), predicted with the given probabilities."""
    return torch.tensor(rows).log().T[None, :, None]


def sample(source: int, width: int, label: list | None = None) -> SegDataSample:
    """The sample of an image of one row, ``width`` pixels before it was padded."""
    made = SegDataSample(metainfo=dict(source=source, img_shape=(1, width)))
    if label is not None:
        made.gt_sem_seg = PixelData(data=torch.tensor([[label]]))
    return made
