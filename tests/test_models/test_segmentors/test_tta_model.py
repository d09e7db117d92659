import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn


class Views(nn.Module):
    """As much of a segmentor as the merging asks for."""

    def __init__(self, channels):
        super().__init__()
        self.out_channels = channels
        self.decode_head = nn.Module()
        self.decode_head.threshold = 0.3

    def test_step(self, data):
        raise AssertionError('views are merged only')


def merge(*logits):
    """The merged sample of views of one image, each a list of channels of pixels."""
    model = MODELS.build(dict(type='LogitsTTAModel', module=Views(len(logits[0]))))
    views = [
        SegDataSample(
            metainfo=dict(img_path='a.png'),
            seg_logits=PixelData(data=torch.tensor(view)[:, None]),
        )
        for view in logits
    ]
    return model.merge_preds([views])[0]


def test_the_softmax_of_the_merged_logits_is_the_mean_of_the_probabilities():
    first = torch.tensor([[0.8, 0.1], [0.2, 0.9]]).log().tolist()
    second = torch.tensor([[0.2, 0.3], [0.8, 0.7]]).log().tolist()
    merged = merge(first, second)
    probs = merged.seg_logits.data.softmax(dim=0)[:, 0]
    assert probs.flatten().tolist() == pytest.approx([0.5, 0.2, 0.5, 0.8])
    assert merged.pred_sem_seg.data.flatten().tolist()[1] == 1


def test_one_channel_is_a_probability_already():
    merged = merge([[0.5, 0.2, 0.0]], [[0.3, 0.1, 0.1]])
    assert merged.seg_logits.data.flatten().tolist() == pytest.approx([0.4, 0.15, 0.05])
    assert merged.pred_sem_seg.data.tolist() == [[[1, 0, 0]]]
