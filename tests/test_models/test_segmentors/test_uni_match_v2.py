import math

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from toy_segmentor import build, logits_of, sample

from mmseg_gist.models.segmentors import UniMatchV2, uni_match_v2
from mmseg_gist.utils import UserError

SURE = 0.98
# Two pixels of class 0, two of class 1, all surely; and four of class 2, with 0.9.
FIRST = logits_of(*[(SURE, 0.01, 0.01)] * 2, *[(0.01, SURE, 0.01)] * 2)
SECOND = logits_of(*[(0.05, 0.05, 0.9)] * 4)
UNLABELED = torch.cat([FIRST, SECOND])
SAMPLES = [sample(1, 4), sample(1, 4)]
# Class 0 everywhere; right in one of two labeled pixels.
LABELED = logits_of(*[(0.5, 0.25, 0.25)] * 4)
LABEL = sample(0, 4, [0, 1, 255, 255])
CE_LABELED = (math.log(2) + math.log(4)) / 2
# View 1 has half of the second image on the first, and the first on the second, view 2
# nothing on any.
MASKS = [[[1, 1, 0, 0], [0, 0, 0, 0]], [[1, 1, 1, 1], [1, 1, 1, 1]]]


@pytest.fixture
def model(monkeypatch):
    """Without dropout, and with those masks."""
    monkeypatch.setattr(uni_match_v2, 'complementary_dropout', lambda maps, n: maps)
    return made()


def made(**kwargs):
    model = build(type='UniMatchV2', mask=dict(type='BoxMask'), **kwargs)
    assert isinstance(model, UniMatchV2)
    masks = iter(MASKS)
    model.mask = lambda labels: torch.tensor(next(masks), dtype=torch.bool)[:, None]
    return model


def loss(model, samples=SAMPLES):
    return model.loss(torch.cat([UNLABELED, LABELED]), [*samples, LABEL])


def test_the_loss_by_hand(model):
    """Sure are six of the eight pixels of view 1, four of view 2."""
    losses = loss(model)
    s1, s2 = -6 * math.log(SURE) / 8, -4 * math.log(SURE) / 8
    assert losses['labeled.decode.loss_ce'].item() == pytest.approx(CE_LABELED / 2)
    assert losses['loss_strong'].item() == pytest.approx((s1 + s2) / 4)
    # no loss: not halved
    assert losses['labeled.decode.acc_seg'].item() == pytest.approx(50)
    total, _ = model.parse_losses(losses)
    assert total.item() == pytest.approx((CE_LABELED + (s1 + s2) / 2) / 2)


@pytest.mark.parametrize(
    'threshold, first, second, share',
    [(0, 10, 6, 1), (0.9 - 1e-6, 10, 6, 1), (0.95, 10, 0, 0.5), (0.99, 0, 0, 0)],
)
def test_only_pixels_that_reach_the_threshold_count(
    model, threshold, first, second, share
):
    """Of both views: pixels of the first image, with 0.98, and of the second, 0.9."""
    model.threshold = threshold
    losses = loss(model)
    expected = -(first * math.log(SURE) + second * math.log(0.9)) / 8 / 4
    assert losses['loss_strong'].item() == pytest.approx(expected)
    assert losses['confidence'].item() == share


def test_padded_pixels_do_not_count(model):
    """The first image is three pixels wide.

    Of seven pixels of view 1 the two and the three of the first image are sure, of
    seven of view 2 these three.
    """
    losses = loss(model, [sample(1, 3), sample(1, 4)])
    expected = -(5 + 3) * math.log(SURE) / 7 / 4
    assert losses['loss_strong'].item() == pytest.approx(expected)
    assert losses['confidence'].item() == pytest.approx(3 / 7)


def test_nothing_but_padding(model):
    losses = loss(model, [sample(1, 0), sample(1, 0)])
    assert losses['loss_strong'].item() == losses['confidence'].item() == 0


def test_the_teacher_says_what_the_student_learns(model):
    """It sees every class as likely, and so the first of them in each pixel."""
    model.threshold = 0.3
    model.teacher.backbone.scale.data.zero_()
    losses = loss(model)
    one, other = (  # the student's probabilities of it
        -sum(map(math.log, probabilities)) / 8
        for probabilities in (
            [SURE, SURE, 0.05, 0.05, SURE, SURE, 0.01, 0.01],
            [SURE, SURE, 0.01, 0.01, 0.05, 0.05, 0.05, 0.05],
        )
    )
    assert losses['loss_strong'].item() == pytest.approx((one + other) / 4)
    model.parse_losses(losses)[0].backward()
    assert model.segmentor.backbone.scale.grad.abs() > 1e-3
    assert all(parameter.grad is None for parameter in model.teacher.parameters())


def test_each_view_is_augmented_and_then_pasted():
    """What is pasted has its own image's augmentation."""
    model, seen = made(), []
    brighter = torch.tensor([10.0, 20.0]).reshape(2, 1, 1, 1)
    model.augmentation = lambda images: seen.append(images) or images + brighter
    label = torch.tensor([[[0, 0, 1, 1]], [[2, 2, 2, 255]]])
    sure = torch.tensor([[[True] * 4], [[False] * 4]])
    images, labels, sures = model.strong_view(UNLABELED, label, sure)
    expected = torch.cat([FIRST[..., :2] + 10, SECOND[..., 2:] + 20], dim=-1)
    assert torch.equal(images, torch.cat([expected, FIRST + 10]))
    assert labels.tolist() == [[[0, 0, 2, 255]], [[0, 0, 1, 1]]]
    assert sures.tolist() == [[[True, True, False, False]], [[True] * 4]]
    images, *unchanged = model.strong_view(UNLABELED, label, sure)  # the other mask
    assert torch.equal(images, UNLABELED + brighter)
    assert all(map(torch.equal, unchanged, (label, sure)))
    assert len(seen) == 2 and all(torch.equal(each, UNLABELED) for each in seen)
    plain = made().strong_view(UNLABELED, label, sure)
    assert torch.equal(plain[0][1:], FIRST)


def test_the_student_alone_has_dropout():
    """Logits are the features here: those of the two views add up to both whole."""
    torch.manual_seed(0)
    model, images = made(), torch.rand(2, 3, 1, 50)
    one, other = model.dropped_logits(torch.cat([images, images])).chunk(2)
    assert torch.allclose(one + other, 2 * images)
    whole = [torch.equal(ours, image) for ours, image in zip(one, images)]
    assert sum(whole) == 1
    label, _ = model.pseudo_labels(images, [sample(1, 50)] * 2)
    assert torch.equal(label, images.argmax(dim=1))
    with torch.no_grad():  # and after the loss nobody has
        assert torch.equal(model(images), images)


@pytest.mark.parametrize('threshold', [-0.1, 95, None])
def test_a_threshold_is_a_probability(threshold):
    with pytest.raises(UserError, match=rf'threshold = {threshold} is not a number in'):
        made(threshold=threshold)


# ------------------------------------------------------------- any EncoderDecoder

NORM = dict(type='BN')
FCN = dict(
    type='FCNHead', in_channels=16, channels=4, num_convs=1, num_classes=3,
    concat_input=False, norm_cfg=NORM,
)  # fmt: skip
RESNET = dict(
    type='ResNetV1c', depth=18, base_channels=2, stem_channels=4, norm_cfg=NORM
)
OTHERS = dict(
    four_maps=dict(
        backbone=RESNET,
        decode_head=dict(
            type='UPerHead', in_channels=[2, 4, 8, 16], in_index=[0, 1, 2, 3],
            pool_scales=(1, 2), channels=4, num_classes=3, norm_cfg=NORM),
        auxiliary_head=dict(FCN, in_channels=8, in_index=2)),
    neck=dict(
        backbone=RESNET,
        neck=dict(
            type='FPN', in_channels=[2, 4, 8, 16], out_channels=8, num_outs=4),
        decode_head=dict(
            type='FPNHead', in_channels=[8] * 4, in_index=[0, 1, 2, 3],
            feature_strides=[4, 8, 16, 32], channels=4, num_classes=3, norm_cfg=NORM)),
    cascade=dict(
        type='CascadeEncoderDecoder', num_stages=2,
        backbone=RESNET,
        decode_head=[
            FCN,
            dict(
                type='OCRHead', in_channels=16, channels=8, ocr_channels=4,
                num_classes=3, norm_cfg=NORM)]),
    ddrnet=dict(
        backbone=dict(type='DDRNet', channels=4, ppm_channels=4, norm_cfg=NORM),
        decode_head=dict(
            type='DDRHead', in_channels=16, channels=4, num_classes=3, norm_cfg=NORM,
            loss_decode=[dict(type='CrossEntropyLoss')] * 2)),
)  # fmt: skip


@pytest.mark.parametrize('kind', OTHERS)
def test_the_decoder_of_any_model_has_dropout(kind):
    """Each channel of each map that it takes, of two views that are alike."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    segmentor = dict(OTHERS[kind], test_cfg=dict(mode='whole'))
    segmentor.setdefault('type', 'EncoderDecoder')
    cfg = dict(type='UniMatchV2', segmentor=segmentor, mask=dict(type='BoxMask'))
    model = MODELS.build(cfg).train()
    modes = {name: module.training for name, module in model.named_modules()}
    head, seen = model.segmentor.decode_head, []
    heads = list(head) if isinstance(head, torch.nn.ModuleList) else [head]
    for part in heads:  # mmseg calls forward itself, so without hooks
        part.forward = seeing(part.forward, seen)
    images = torch.rand(2, 3, 64, 64)
    both = torch.cat([images, images])
    logits = model.dropped_logits(both)
    assert logits.shape == (4, 3, 64, 64)
    assert modes == {name: module.training for name, module in model.named_modules()}
    model.segmentor.backbone.training = False
    whole = as_list(model.segmentor.extract_feat(both))
    model.segmentor.backbone.training = True
    assert len(seen) == len(heads)
    for maps in map(as_list, seen):
        assert len(maps) == len(whole)
        for ours, undropped in zip(maps, whole):
            one, other = ours.chunk(2)
            expected, _ = undropped.chunk(2)
            assert torch.allclose(one + other, 2 * expected, atol=1e-4)
            same = [torch.isclose(one, f * expected, atol=1e-4) for f in (0, 1, 2)]
            factors = torch.stack([each.flatten(2).all(dim=2) for each in same])
            assert factors.any(dim=0).all() and not factors[1].all()


def seeing(forward, seen):
    return lambda inputs, *args: seen.append(inputs) or forward(inputs, *args)


def as_list(features):
    return [features] if isinstance(features, torch.Tensor) else list(features)
