import math

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from toy_segmentor import SEGMENTOR, build, logits_of, sample

from mmseg_gist.models.segmentors import ClassMix

SURE = 0.98
# Two pixels of class 0, two of class 1, all surely; and four of class 2, with 0.9.
FIRST = logits_of(*[(SURE, 0.01, 0.01)] * 2, *[(0.01, SURE, 0.01)] * 2)
SECOND = logits_of(*[(0.05, 0.05, 0.9)] * 4)
UNLABELED = torch.cat([FIRST, SECOND])
SAMPLES = [sample(1, 4), sample(1, 4)]
# Class 0 everywhere; right in one of two labeled pixels.
LABELED = logits_of(*[(0.5, 0.25, 0.25)] * 4)
LABEL = sample(0, 4, [0, 1, 255, 255])


def class_mix(**kwargs):
    model = build(type='ClassMix', **kwargs)
    assert isinstance(model, ClassMix)
    return model


def fixed(mask):
    return lambda labels: torch.tensor(mask, dtype=torch.bool)[:, None]


MASK = fixed([[1, 1, 0, 0], [0, 0, 0, 0]])


def test_pixels_and_pseudo_labels_are_mixed_alike():
    model = class_mix()
    model.mask = MASK
    images, samples, _ = model.mixed_images(UNLABELED, SAMPLES)
    expected = torch.cat([FIRST[..., :2], SECOND[..., 2:]], dim=-1)
    assert torch.equal(images[:1], expected)
    assert torch.equal(images[1:], FIRST)
    labels = [one.gt_sem_seg.data.tolist() for one in samples]
    assert labels == [[[[0, 0, 2, 2]]], [[[0, 0, 1, 1]]]]
    assert [one.metainfo for one in samples] == [one.metainfo for one in SAMPLES]


def test_the_mask_is_drawn_from_the_teachers_labels():
    """The teacher is surer of the other class where its scale is negative."""
    model = class_mix()
    model.mask = lambda labels: seen.append(labels.clone()) or MASK(labels)
    for scale, expected in ((1.0, [0, 0, 1, 1]), (-1.0, [1, 1, 0, 0])):
        seen = []
        model.teacher.backbone.scale.data.fill_(scale)
        model.mixed_images(UNLABELED, SAMPLES)
        assert seen[0][0].tolist() == [expected]


@pytest.mark.parametrize(
    'threshold, confidence', [(0.0, 1), (0.95, 6 / 8), (0.99, 0), (0.9 - 1e-6, 1)]
)
def test_the_weight_is_the_share_of_sure_pixels_after_mixing(threshold, confidence):
    """Six of the eight mixed pixels are the first image's."""
    model = class_mix(threshold=threshold)
    model.mask = MASK
    *_, weight = model.mixed_images(UNLABELED, SAMPLES)
    assert weight.item() == pytest.approx(confidence)


def test_the_loss_by_hand():
    model = class_mix(loss_weight=2.0)
    model.mask = MASK
    losses = model.loss(
        torch.cat([UNLABELED, LABELED]), [*SAMPLES, LABEL]
    )  # in any order
    labeled = (math.log(2) + math.log(4)) / 2
    mixed = -(6 * math.log(SURE) + 2 * math.log(0.9)) / 8
    assert losses['labeled.decode.loss_ce'].item() == pytest.approx(labeled)
    assert losses['mixed.decode.loss_ce'].item() == pytest.approx(2 * 0.75 * mixed)
    assert losses['confidence'].item() == 0.75
    assert losses['mixed.decode.acc_seg'].item() == 100  # no loss: not weighted
    total, _ = model.parse_losses(losses)
    assert total.item() == pytest.approx(labeled + 1.5 * mixed)


def test_padded_pixels_have_no_pseudo_label_and_do_not_count():
    """The first image is three pixels wide: five of seven pixels are sure."""
    model = class_mix()
    model.mask = MASK
    samples = [sample(1, 3), sample(1, 4)]
    _, mixed, weight = model.mixed_images(UNLABELED, samples)
    labels = [one.gt_sem_seg.data[0, 0].tolist() for one in mixed]
    assert labels == [[0, 0, 2, 2], [0, 0, 1, 255]]
    assert weight.item() == pytest.approx(5 / 7)


def test_nothing_but_padding():
    model = class_mix()
    *_, weight = model.mixed_images(FIRST, [sample(1, 0)])
    assert weight.item() == 0


def test_the_default_is_class_mask():
    """The first image has two classes, the second one: it gets all of the first."""
    model = class_mix()
    torch.manual_seed(0)
    seen = set()
    for _ in range(10):
        _, samples, _ = model.mixed_images(UNLABELED, SAMPLES)
        first, second = (tuple(one.gt_sem_seg.data[0, 0].tolist()) for one in samples)
        assert second == (0, 0, 1, 1)
        seen.add(first)
    assert seen == {(0, 0, 2, 2), (2, 2, 1, 1)}


def test_cut_mask_is_another_mask():
    """Half of the pixels come from the other image: here they differ everywhere."""
    model = class_mix(mask=dict(type='CutMask'))
    samples = [sample(1, 4), sample(1, 4)]
    for one in samples:
        one.set_metainfo(dict(img_shape=(12, 4)))
    _, mixed, _ = model.mixed_images(UNLABELED.expand(2, 3, 12, 4), samples)
    for one, own in zip(mixed, ([0, 0, 1, 1], [2] * 4)):
        pasted = one.gt_sem_seg.data[0] != torch.tensor(own)
        assert pasted.sum() == 24


def test_the_mixed_images_alone_are_augmented():
    model = class_mix()
    model.mask = MASK
    seen = []
    model.augmentation = lambda images: seen.append(images) or images + 10
    model.data_preprocessor.mean = torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    model.data_preprocessor.std = torch.tensor([2.0, 4.0, 5.0])[:, None, None]
    plain = class_mix()
    plain.mask = MASK
    expected, labels, weight = plain.mixed_images(UNLABELED, SAMPLES)
    images, augmented, confidence = model.mixed_images(UNLABELED, SAMPLES)
    # it sees what was before normalization
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx(
        [1 + 2 * math.log(0.98), 2 + 4 * math.log(0.01), 3 + 5 * math.log(0.01)]
    )
    shift = torch.tensor([5.0, 2.5, 2.0])[:, None, None]
    assert torch.allclose(images, expected + shift, atol=1e-5)
    for one, other in zip(labels, augmented):
        assert torch.equal(one.gt_sem_seg.data, other.gt_sem_seg.data)
    assert weight == confidence


def test_the_student_alone_learns():
    model = class_mix()
    losses = model.loss(torch.cat([UNLABELED, LABELED]), [*SAMPLES, LABEL])
    model.parse_losses(losses)[0].backward()
    assert model.segmentor.backbone.scale.grad.abs() > 1e-3
    for parameter in model.teacher.parameters():
        assert not parameter.requires_grad and parameter.grad is None
    assert not losses['confidence'].requires_grad


def test_the_teacher_is_in_eval_mode_and_apart():
    model = class_mix()
    assert model.train() is model
    assert model.student is model.segmentor
    assert model.segmentor.training and not model.teacher.training
    model.segmentor.backbone.scale.data.fill_(7.0)
    assert model.teacher.backbone.scale == 1
    assert not any(key.startswith('teacher') for key in model.state_dict())


def test_it_predicts_as_its_student():
    model = class_mix().eval()
    model.teacher.backbone.scale.data.fill_(-1.0)
    info = dict(img_shape=(1, 4), ori_shape=(1, 4), pad_shape=(1, 4))
    one = sample(1, 4)
    one.set_metainfo(info)
    (result,) = model(FIRST, [one], mode='predict')
    assert result.pred_sem_seg.data.tolist() == [[[0, 0, 1, 1]]]


@pytest.mark.parametrize('normalize', [True, False])
def test_images_of_four_channels_that_may_not_be_normalized(normalize):
    init_default_scope('mmseg')
    preprocessor = dict(type='SegDataPreProcessor')
    if normalize:
        preprocessor.update(mean=[100.0], std=[50.0])
    augmentation = dict(type='StrongAugmentation', jitter=0, jitter_prob=1, blur_prob=0)
    model = class_mix(data_preprocessor=preprocessor, augmentation=augmentation)
    images = torch.tensor([0.0, 100, 255, 300]).reshape(1, 4, 1, 1).expand(1, 4, 2, 2)
    inputs = (images - 100) / 50 if normalize else images
    changed = model.augmented(inputs, model.augmentation)
    changed = changed * 50 + 100 if normalize else changed
    assert torch.allclose(changed, images.clamp(max=255))


def test_what_the_loss_ignores_is_of_no_class():
    """Also where it is not 255, unless something else is said."""
    head = dict(SEGMENTOR.decode_head, ignore_index=9)
    segmentor = dict(SEGMENTOR, decode_head=head)
    for kwargs, label in ((dict(), 9), (dict(ignore_index=7), 7)):
        model = MODELS.build(dict(type='ClassMix', segmentor=segmentor, **kwargs))
        assert model.ignore_index == model.mask.ignore_index == label
    mask = dict(type='ClassMask')
    perturbed = dict(type='SelfTrainingSegmentor', perturbation=dict(mask=mask))
    model = MODELS.build(dict(perturbed, segmentor=segmentor))
    assert model.perturbation['mask'].ignore_index == 9
    model = MODELS.build(dict(type='S4GAN', segmentor=segmentor))
    assert model.ignore_index == 9
