import math
import os

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_gist.evaluation.pseudo_label_writer import write_pseudo_label

META = dict(classes=('a', 'b', 'c'), palette=[[0, 10, 20], [200, 0, 0], [1, 2, 3]])


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def evaluator(**scaling):
    scaling = dict(type='TemperatureScaling', **scaling)
    evaluator = Evaluator(dict(type='PseudoLabelWriter', temperature_scaling=scaling))
    evaluator.dataset_meta = META
    return evaluator


def write(samples, **scaling):
    writer = evaluator(**scaling)
    writer.process(samples)
    writer.evaluate(len(samples))


def predicted(path, logits):
    """A data sample as mmseg's segmentors give it. logits: (C, H, W)."""
    sample = SegDataSample(metainfo=dict(seg_map_path=str(path)))
    sample.pred_sem_seg = PixelData(data=logits.argmax(0, keepdim=True))
    sample.seg_logits = PixelData(data=logits)
    return sample


def log(probabilities):
    """Logits (C, H, W) of probabilities (H, W, C)."""
    return torch.tensor(probabilities).permute(2, 0, 1).log()


def read(path):
    with Image.open(path) as image:
        return np.array(image)


PROBABILITIES = [[[0.6, 0.2, 0.2], [0.1, 0.1, 0.8]], [[0.3, 0.4, 0.3], [0.0, 1.0, 0.0]]]
LABEL = [[0, 2], [1, 1]]


def test_the_label_is_an_index_png_that_a_person_can_open(tmp_path):
    path = tmp_path / 'labels/city/a.png'
    write([predicted(path, log(PROBABILITIES))])
    with Image.open(path) as image:
        assert (image.format, image.mode) == ('PNG', 'P')
        assert image.getpalette()[:9] == [0, 10, 20, 200, 0, 0, 1, 2, 3]
        assert np.array(image).tolist() == LABEL
        colors = np.array(image.convert('RGB'))
    assert colors.tolist() == [[META['palette'][i] for i in row] for row in LABEL]


def test_the_confidence_is_255_times_the_largest_probability(tmp_path):
    write([predicted(tmp_path / 'a.png', log(PROBABILITIES))])
    with Image.open(tmp_path / 'a_confidence.png') as image:
        assert (image.format, image.mode) == ('PNG', 'L')
        assert np.array(image).tolist() == [[153, 204], [102, 255]]


def test_the_confidence_is_rounded(tmp_path):
    probabilities = [[[p, 1 - p, 0.0] for p in (0.6015, 0.6025, 0.9975, 0.9985)]]
    write([predicted(tmp_path / 'a.png', log(probabilities))])
    # 153.3825, 153.6375, 254.3625, 254.6175
    assert read(tmp_path / 'a_confidence.png').tolist() == [[153, 154, 254, 255]]


def test_the_confidence_is_taken_after_temperature(tmp_path):
    logits = log([[[0.9, 0.1, 0.0], [1 / 3, 1 / 3, 1 / 3]]])
    logits[2, 0, 0] = -1e9
    write([predicted(tmp_path / 'a.png', logits)], T=0.5)
    # softmax(T log p): sqrt(9) to 1; T = 0.5 leaves the label alone
    assert read(tmp_path / 'a_confidence.png').tolist() == [[round(255 * 3 / 4), 85]]
    assert read(tmp_path / 'a.png').tolist() == [[0, 0]]


def test_each_image_of_a_batch_is_written_and_counted(tmp_path):
    writer = evaluator()
    logits = log(PROBABILITIES)
    paths = [tmp_path / f'{name}.png' for name in 'abc']
    writer.process([predicted(paths[0], logits), predicted(paths[1], logits.flip(1))])
    writer.process([predicted(paths[2], logits.flip(2))])
    assert writer.evaluate(3) == dict(pseudo_labels=3)
    assert [read(path).tolist() for path in paths] == [
        LABEL,
        LABEL[::-1],
        [row[::-1] for row in LABEL],
    ]
    assert sorted(os.listdir(tmp_path)) == sorted(
        f'{name}{end}.png' for name in 'abc' for end in ('', '_confidence')
    )


def test_the_label_is_put_in_place_after_its_confidence(tmp_path, monkeypatch):
    """So a run that is cut off makes the label again."""
    order = []
    replace = os.replace
    monkeypatch.setattr(
        os, 'replace', lambda a, b: (order.append(os.path.basename(b)), replace(a, b))
    )
    write([predicted(tmp_path / 'a.png', log(PROBABILITIES))])
    assert order == ['a_confidence.png', 'a.png']

    def full(*args, **kwargs):
        raise OSError('no space left')

    monkeypatch.setattr(Image.Image, 'save', full)
    samples = [predicted(tmp_path / 'b.png', log(PROBABILITIES))]
    with pytest.raises(OSError, match='no space left'):
        write(samples)
    writer = evaluator()
    writer.process(samples)
    with pytest.raises(OSError, match='no space left'):  # not after all images
        writer.process(samples)
    names = ['a.png', 'a_confidence.png', 'b_confidence.png']
    assert sorted(os.listdir(tmp_path)) == names


def test_ignored_pixels_and_255_classes_survive(tmp_path):
    """Pillow packs a short palette's indices into fewer bits than they need."""
    label = np.array([[0, 1, 255, 128]], np.uint8)
    write_pseudo_label(str(tmp_path / 'a.png'), label, label, [1, 2, 3, 4, 5, 6])
    assert read(tmp_path / 'a.png').tolist() == label.tolist()
    assert read(tmp_path / 'a_confidence.png').tolist() == label.tolist()


# ------------------------------------------------------- heads of one channel


class Foreground(torch.nn.Module):
    """A backbone whose feature is the first channel of the image."""

    def forward(self, x):
        return [x[:, :1]]


@pytest.fixture
def one_channel():
    """A segmentor of two classes, whose one logit is the image's."""
    MODELS.register_module(module=Foreground)
    segmentor = MODELS.build(
        dict(
            type='EncoderDecoder',
            backbone=dict(type='Foreground'),
            decode_head=dict(
                type='FCNHead',
                in_channels=1,
                channels=1,
                num_convs=0,
                concat_input=False,
                num_classes=2,
                out_channels=1,
                threshold=0.5,
                loss_decode=dict(
                    type='CrossEntropyLoss', use_sigmoid=True, avg_non_ignore=True
                ),
            ),
            test_cfg=ConfigDict(mode='whole'),
        )
    )
    MODELS.module_dict.pop('Foreground')
    head = segmentor.decode_head.conv_seg
    torch.nn.init.ones_(head.weight)
    torch.nn.init.zeros_(head.bias)
    return segmentor.eval()


def write_one_channel(segmentor, path, logits, **scaling):
    size = (1, len(logits))
    image = torch.tensor(logits).expand(1, 3, *size)
    meta = dict(
        ori_shape=size,
        img_shape=size,
        pad_shape=size,
        padding_size=[0] * 4,
        seg_map_path=str(path),
    )
    with torch.no_grad():
        samples = segmentor.predict(image, [SegDataSample(metainfo=meta)])
    write(samples, **scaling)
    confidence = str(path).replace('.png', '_confidence.png')
    return read(path)[0].tolist(), read(confidence)[0].tolist()


def test_one_channel_is_a_softmax_of_two(one_channel, tmp_path):
    logits = [math.log(4), -math.log(4), math.log(1.5), -math.log(1.5)]
    label, confidence = write_one_channel(one_channel, tmp_path / 'a.png', logits)
    assert label == [1, 0, 1, 0]
    # sigmoid: 4/5 and 3/5 of the class that is predicted
    assert confidence == [204, 204, 153, 153]


def test_the_temperature_of_one_channel(one_channel, tmp_path):
    logits = [5 * math.log(4), -5 * math.log(4)]
    label, confidence = write_one_channel(
        one_channel, tmp_path / 'a.png', logits, T=0.2
    )
    assert (label, confidence) == ([1, 0], [204, 204])


def test_one_channel_that_is_quite_sure(one_channel, tmp_path):
    """A sigmoid is 1 in float32 from 17 on, and 0 below -104."""
    label, confidence = write_one_channel(
        one_channel, tmp_path / 'a.png', [16.0, 30.0, 500.0, -30.0, -500.0]
    )
    assert label == [1, 1, 1, 0, 0]
    assert confidence == [255] * 5


# ------------------------------------------------ from the model to the stage


def test_what_is_written_is_erased_by_equation_9(tmp_path):
    """Prediction, file, PseudoLabelDataset, LabelErase: Eq. 9 on the softmax."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 40, 50, generator=generator) * 5
    (tmp_path / 'images').mkdir()
    Image.new('RGB', (50, 40)).save(tmp_path / 'images/a.jpg')
    dataset = DATASETS.build(
        dict(
            type='PseudoLabelDataset',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            metainfo=META,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='LabelErase', threshold=0.6),
            ],
        )
    )
    path = dataset.get_data_info(0)['seg_map_path']
    write([predicted(path, logits)], T=0.2)
    label = dataset[0]['gt_seg_map']

    scores = np.exp(0.2 * logits.double().numpy())
    probability = (scores / scores.sum(0)).max(0)
    expected = np.where(probability < 0.6, 255, logits.argmax(0))
    sure = abs(probability - 0.6) > 1 / 255  # the step of the file
    assert sure.mean() > 0.95
    assert np.array_equal(label[sure], expected[sure])
    assert 0.2 < (label == 255).mean() < 0.8
    confidence = cv2.imread(str(tmp_path / 'labels/a_confidence.png'), 0)
    assert abs(confidence / 255 - probability).max() <= 0.5 / 255 + 1e-6


# ------------------------------------------------------------ ImageAreas


def judged(name, label, truth):
    """A data sample with a prediction and a human label, each (H, W)."""
    sample = SegDataSample(metainfo=dict(img_path=f'images/{name}.png'))
    sample.pred_sem_seg = PixelData(data=torch.tensor([label]))
    sample.gt_sem_seg = PixelData(data=torch.tensor([truth]))
    return sample


def test_areas_of_each_image_and_class():
    evaluator = Evaluator(dict(type='ImageAreas'))
    evaluator.dataset_meta = META
    evaluator.process(
        [
            judged('a', [[0, 0, 1], [1, 1, 1]], [[0, 1, 1], [1, 255, 0]]),
            judged('b', [[2, 2]], [[0, 2]]),
        ]
    )
    assert evaluator.evaluate(2) == dict(images=2)
    (metric,) = evaluator.metrics
    assert metric.areas == {
        # ignored where the label is 255: 0 is right once of three, 1 twice of four
        'images/a.png': [[1, 3, 2], [2, 4, 3], [0, 0, 0]],
        'images/b.png': [[0, 1, 1], [0, 0, 0], [1, 2, 1]],
    }


def test_areas_leave_out_the_label_that_the_data_set_ignores():
    evaluator = Evaluator(dict(type='ImageAreas', ignore_index=2))
    evaluator.dataset_meta = META
    evaluator.process([judged('a', [[0, 1]], [[0, 2]])])
    evaluator.evaluate(1)
    (areas,) = evaluator.metrics[0].areas.values()
    assert areas == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]


# -------------------------------------------------------- ClassIoUMetric


def iou(label, truth, images=1, **kwargs):
    """What the metric gives for the same prediction and human label each time."""
    evaluator = Evaluator(dict(type='ClassIoUMetric', **kwargs))
    evaluator.dataset_meta = META
    for _ in range(images):
        evaluator.process([judged('a', label, truth).to_dict()])
    return evaluator.evaluate(images)


def test_iou_of_each_class():
    """2 of 4 pixels of the first two classes; the third is nowhere."""
    found = iou([[0, 1, 1, 1]], [[0, 0, 1, 255]], images=2)
    assert found['IoU.a'] == found['IoU.b'] == found['mIoU'] == 50
    assert 'IoU.c' not in found


def test_a_class_without_labels():
    """IoU 1/2 and 1/3; one pixel is taken for a class that the labels lack."""
    label, truth = [[0, 1, 2, 1]], [[0, 1, 1, 0]]
    found = iou(label, truth)
    assert found['mIoU'] == pytest.approx(100 * (1 / 2 + 1 / 3 + 0) / 3, abs=0.01)
    assert found['IoU.c'] == 0
    found = iou(label, truth, labeled_only=True)
    assert found['mIoU'] == pytest.approx(100 * (1 / 2 + 1 / 3) / 2, abs=0.01)
    assert 'IoU.c' not in found
