"""Images of VOC are padded so that DeepLab-v2's features stay where they are seen."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

CONFIG = Path(__file__).parents[2] / 'configs/gist/deeplabv2_voc_1-50_rist.py'


@pytest.fixture(params=['noise', 'photograph'])
def image(request) -> torch.Tensor:
    """(3, H, W) uint8, H and W at most 500."""
    if request.param == 'noise':
        noise = np.random.default_rng(0).integers(0, 256, (375, 500, 3), np.uint8)
        return torch.tensor(noise).permute(2, 0, 1)
    folder = request.getfixturevalue('real_data') / 'VOCdevkit/VOC2012/JPEGImages'
    return torch.tensor(cv2.imread(str(min(folder.iterdir())))).permute(2, 0, 1)


@pytest.fixture
def model() -> nn.Module:
    """The paper's, with few channels and kernels that mirroring does not change."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    cfg = Config.fromfile(CONFIG).model
    cfg.backbone.base_channels, cfg.decode_head.in_channels = 4, 128
    model = MODELS.build(cfg).eval()
    for conv in model.modules():
        if isinstance(conv, nn.Conv2d):
            conv.weight.data += conv.weight.data.flip(3)
    return model


@pytest.mark.slow
@torch.no_grad()
def test_features_of_padded_images_are_aligned(model, image):
    height, width = image.shape[1:]
    shape = height, width
    sample = SegDataSample(metainfo=dict(ori_shape=shape, img_shape=shape))
    data = dict(inputs=[image], data_samples=[sample])
    padded = model.data_preprocessor(data)['inputs']
    assert padded.shape == (1, 3, 505, 505)

    def shift(inputs: torch.Tensor) -> torch.Tensor:
        """How mirrored features differ from those of the mirrored image."""
        features = model.backbone(inputs)[-1]
        mirrored = model.backbone(inputs.flip(3))[-1]
        return (features.flip(3) - mirrored).abs().max() / features.abs().max()

    # feature j is in the middle of what it sees only if both edges are alike
    assert shift(padded) < 1e-4
    assert shift(padded[..., :height, :width]) > 0.01
    # and the pixel that it decides is that one
    (result,) = model.test_step(data)
    logits = result.seg_logits.data
    assert logits.shape[1:] == (height, width)
    of_features = model.decode_head(model.backbone(padded))[0]
    at_pixels = logits[:, ::8, ::8]
    rows, columns = at_pixels.shape[1:]
    torch.testing.assert_close(at_pixels, of_features[:, :rows, :columns])
