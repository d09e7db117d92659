import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample
from tiny import write_tiny
from torch import nn

from mmseg_gist.datasets.tta import tta_pipeline

SIGMOID = dict(
    num_classes=2,
    out_channels=1,
    loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
)


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


@pytest.mark.parametrize('head', [{}, SIGMOID], ids=['softmax', 'sigmoid'])
def test_one_view_alone_is_the_plain_prediction(tmp_path, head):
    init_default_scope('mmseg')
    cfg = Config.fromfile(write_tiny(tmp_path))
    cfg.model.decode_head.update(head)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    augmented = MODELS.build(dict(type='LogitsTTAModel', module=model))
    # two classes whose logits differ by less than their probabilities can
    if not head:
        conv = model.decode_head.conv_seg.requires_grad_(False)
        conv.bias += 20
        conv.weight[1] = conv.weight[0]
        conv.bias[1] = torch.nextafter(conv.bias[0], torch.tensor(99.0))

    def predict(model, pipeline):
        dataset = DATASETS.build(dict(cfg.val_dataloader.dataset, pipeline=pipeline))
        with torch.no_grad():
            return model.test_step(pseudo_collate([dataset[i] for i in range(3)]))

    pipeline = cfg.val_dataloader.dataset.pipeline
    logits = [sample.seg_logits.data for sample in predict(model, pipeline)]
    model.decode_head.threshold = torch.stack(logits).median()
    for plain, view in zip(
        predict(model, pipeline),
        predict(augmented, tta_pipeline(pipeline, [1.0], flip=False)),
        strict=True,
    ):
        assert len(plain.pred_sem_seg.data.unique()) > 1
        for key in ('pred_sem_seg', 'seg_logits', 'gt_sem_seg'):
            assert torch.equal(plain.get(key).data, view.get(key).data), key
