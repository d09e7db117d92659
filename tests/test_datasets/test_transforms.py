import math
import os

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from mmseg_gist.datasets.transforms import LabelErase, TemperatureScaling, softened
from mmseg_gist.utils import UserError


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


# ---------------------------------------------------------------- LabelErase


def pseudo_labeled(folder, confidence, label=None):
    """Results as ``LoadAnnotations`` leaves them, with a confidence on disk."""
    confidence = np.array(confidence, np.uint8)
    path = str(folder / 'a_confidence.png')
    cv2.imwrite(path, confidence)
    if label is None:
        label = np.ones(confidence.shape)
    return dict(
        gt_seg_map=np.array(label, np.uint8),
        seg_map_path=str(folder / 'a.png'),
        confidence_path=path,
    )


def erase(results, threshold, **kwargs):
    transform = TRANSFORMS.build(dict(type='LabelErase', threshold=threshold, **kwargs))
    assert isinstance(transform, LabelErase)
    return transform(results)['gt_seg_map']


@pytest.mark.parametrize(
    'threshold, first_kept',
    [
        (0.0, 0),
        (0.2, 51),  # exactly 51 of 255: at the threshold a pixel stays
        (0.5, 128),  # 127.5 of 255
        (0.6, 153),
        (0.9, 230),  # 229.5
        (0.999, 255),  # 254.745
        (1.0, 255),
    ],
)
def test_pixels_below_the_threshold_are_ignored(tmp_path, threshold, first_kept):
    confidences = np.arange(256).reshape(16, 16)
    label = erase(pseudo_labeled(tmp_path, confidences), threshold)
    assert np.array_equal(label == 255, confidences < first_kept)
    assert np.array_equal(label == 1, confidences >= first_kept)


@pytest.mark.slow
def test_every_step_of_the_file_is_a_threshold(tmp_path):
    """At k/255 the value k stays and k - 1 goes, whatever the rounding."""
    confidences = np.arange(256).reshape(1, 256)
    for k in range(256):
        label = erase(pseudo_labeled(tmp_path, confidences), k / 255)
        assert (label[0] == 255).sum() == k


def test_only_the_label_changes(tmp_path):
    confidence = [[10, 200], [250, 20], [199, 201]]
    results = pseudo_labeled(tmp_path, confidence, [[0, 1], [2, 3], [255, 255]])
    before = dict(results, gt_seg_map=None)
    loaded = results['gt_seg_map']
    label = erase(results, 200 / 255)
    assert label.tolist() == [[255, 1], [2, 255], [255, 255]]
    assert label.dtype == np.uint8
    assert dict(results, gt_seg_map=None) == before
    # what was loaded may be shared: it stays
    assert loaded.tolist() == [[0, 1], [2, 3], [255, 255]]


def test_another_ignore_index(tmp_path):
    label = erase(pseudo_labeled(tmp_path, [[0, 255]]), 0.5, ignore_index=7)
    assert label.tolist() == [[7, 1]]


def test_human_labels_pass():
    label = np.array([[0, 1], [2, 255]], np.uint8)
    erased = erase(dict(gt_seg_map=label, seg_map_path='a.png'), 1.0)
    assert erased.tolist() == [[0, 1], [2, 255]]


def check_message(results, threshold=0.5):
    with pytest.raises(UserError) as error:
        erase(results, threshold)
    assert str(error.value) == (
        f'{results["confidence_path"]} is not the confidence of '
        f'{results["seg_map_path"]}; delete both and continue with --resume '
        'to make them again'
    )


@pytest.mark.parametrize('shape', [(2, 3), (3, 3), (6,)])
def test_a_confidence_of_another_size_is_refused(tmp_path, shape):
    label = np.ones(shape if shape != (6,) else (2, 3))
    confidence = np.full((3, 2) if len(shape) == 2 else (1, 6), 99)
    check_message(pseudo_labeled(tmp_path, confidence, label))


@pytest.mark.parametrize('content', [b'no png', b'', None])
def test_a_confidence_that_cannot_be_read_is_refused(tmp_path, content):
    results = pseudo_labeled(tmp_path, [[9, 9]])
    if content is None:
        os.remove(results['confidence_path'])
    else:
        with open(results['confidence_path'], 'wb') as file:
            file.write(content)
    check_message(results)


@pytest.mark.parametrize('threshold', [-0.1, 1.01, 50, float('nan')])
def test_a_threshold_outside_of_0_to_1_is_refused(threshold):
    with pytest.raises(UserError) as error:
        LabelErase(threshold)
    assert str(error.value) == f'LabelErase: threshold {threshold} is not in [0, 1]'


@pytest.mark.parametrize('keep', [0, 1.5, [], [0.2, 0], [0.5, 1.01], [float('nan')]])
def test_shares_outside_of_0_to_1_are_refused(keep):
    with pytest.raises(UserError) as error:
        LabelErase(keep=keep)
    assert str(error.value) == f'LabelErase: keep {keep} is not in (0, 1]'


def test_label_erase_says_its_threshold():
    assert repr(LabelErase(0.25)) == 'LabelErase(threshold=0.25)'
    assert repr(LabelErase(keep=[0.2, 1.0])) == 'LabelErase(keep=[0.2, 1.0])'
    text = 'LabelErase(keep=0.7, regions=True)'
    assert repr(LabelErase(keep=0.7, regions=True)) == text


# -------------------------------------------------------- TemperatureScaling


def scale(logits, **kwargs):
    transform = TRANSFORMS.build(dict(type='TemperatureScaling', **kwargs))
    assert isinstance(transform, TemperatureScaling)
    return transform(dict(seg_logits=logits))['seg_probs']


def pixels(*logits):
    """(C, 1, N): one pixel after the other."""
    return torch.tensor(logits).T[:, None]


def test_the_temperature_multiplies():
    logits = pixels([math.log(9), 0.0], [0.0, math.log(9)])
    # softmax(T * log 9, 0) is 9^T / (9^T + 1)
    for temperature, odds in ((1.0, 9), (0.5, 3), (2.0, 81), (0.2, 9**0.2)):
        probs = scale(logits, T=temperature)
        assert probs.shape == (2, 1, 2)
        high, low = odds / (odds + 1), 1 / (odds + 1)
        assert probs[:, 0, 0].tolist() == pytest.approx([high, low])
        assert probs[:, 0, 1].tolist() == pytest.approx([low, high])


def test_three_classes_by_hand():
    logits = pixels([5 * math.log(1), 5 * math.log(2), 5 * math.log(5)])
    assert scale(logits, T=0.2).flatten().tolist() == pytest.approx(
        [1 / 8, 2 / 8, 5 / 8]
    )


def test_the_default_is_the_plain_softmax():
    logits = pixels([1.0, 2.0, 3.0], [0.0, -4.0, 5.0])
    assert torch.equal(scale(logits), logits.softmax(dim=0))


def test_below_1_it_softens_and_keeps_the_order():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, 7, generator=generator) * 4
    plain, soft, softer = scale(logits), scale(logits, T=0.5), scale(logits, T=0.2)
    assert (softer.amax(0) < soft.amax(0)).all()
    assert (soft.amax(0) < plain.amax(0)).all()
    assert (softer.amax(0) > 1 / 6).all()
    for probs in (plain, soft, softer):
        assert torch.allclose(probs.sum(0), torch.ones(5, 7))
        assert torch.equal(probs.argmax(0), logits.argmax(0))


def test_large_logits_do_not_overflow():
    assert scale(pixels([1e4, 0.0]), T=1.0).flatten().tolist() == [1.0, 0.0]


def test_the_logits_stay():
    logits = pixels([1.0, 2.0])
    results = TemperatureScaling(T=0.2)(dict(seg_logits=logits, img_path='a.png'))
    assert results['seg_logits'] is logits
    assert logits.flatten().tolist() == [1.0, 2.0]
    assert results['img_path'] == 'a.png'


@pytest.mark.parametrize('temperature', [0, -0.2, float('nan')])
def test_a_temperature_that_is_not_above_0_is_refused(temperature):
    with pytest.raises(UserError) as error:
        TemperatureScaling(T=temperature)
    assert str(error.value) == f'TemperatureScaling: T = {temperature} is not above 0'


def test_temperature_scaling_says_its_temperature():
    assert repr(TemperatureScaling(0.2)) == 'TemperatureScaling(T=0.2)'


def test_softened_is_the_largest_probability_after_scaling():
    """Of C classes of which all but the first are alike."""
    p, classes = 0.9, 21
    logits = torch.full((classes, 1, 1), (0.1 / 20)).log()
    logits[0] = np.log(p)
    results = TemperatureScaling(T=0.2).transform(dict(seg_logits=logits))
    assert softened(p, classes, 0.2) == pytest.approx(results['seg_probs'].max().item())
    # two classes by hand: 0.8 and 0.2 are 4 to 1, with T = 0.5 they are 2 to 1
    assert softened(0.8, 2, 0.5) == pytest.approx(2 / 3)
    assert softened(0.8, 2, 1) == pytest.approx(0.8)
