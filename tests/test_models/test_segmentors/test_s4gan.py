import math

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn
from toy_segmentor import SEGMENTOR, build, logits_of, sample

from mmseg_gist.models.segmentors.s4gan import one_hot, with_image


class Mean(nn.Module):
    """A discriminator whose features are the means of its maps."""

    def __init__(self, in_channels):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_channels))
        self.weight.data[0] = 4.0
        self.seen = []

    def forward(self, maps):
        self.seen.append(maps.detach().clone())
        features = maps.mean(dim=(2, 3))
        return features @ self.weight - 1, features


def s4gan(**kwargs):
    return build(type='S4GAN', discriminator=dict(type=Mean), **kwargs)


# Probabilities 1/3 everywhere. The right class of the second pixel is not known.
LABELED = torch.tensor([0.0, 1.0]).expand(1, 3, 1, 2)
# Classes 0 and 2 are predicted, both with 1/2.
UNLABELED = logits_of((0.5, 0.25, 0.25), (0.25, 0.25, 0.5))
INPUTS = torch.cat([LABELED, UNLABELED])
SAMPLES = [sample(0, 2, [0, 255]), sample(1, 2)]
# What the discriminator sees, by pixel: three classes, then the image in [0, 1].
HUMAN = [[1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]
PREDICTED = [[0.5, 0.25, 0.25, 1, 0, 0], [0.25, 0.25, 0.5, 0, 0, 1]]
# Their means: 1/2 0 0 1/2 1/2 1/2 and 3/8 1/4 3/8 1/2 0 1/2.
DISTANCE = (1 / 8 + 1 / 4 + 3 / 8 + 1 / 2) / 6
SCORE_HUMAN, SCORE = 4 / 2 - 1, 4 * 3 / 8 - 1
SIGMOID = 1 / (1 + math.exp(-SCORE))  # 0.62


def softplus(x):
    return math.log(1 + math.exp(x))


def test_what_the_discriminator_sees():
    model = s4gan()
    model.loss(INPUTS, SAMPLES)
    human, predicted, again = model.discriminator.seen
    assert torch.allclose(human[0, :, 0].T, torch.tensor(HUMAN).float())
    assert torch.allclose(predicted[0, :, 0].T, torch.tensor(PREDICTED))
    assert torch.equal(predicted, again)


def test_each_loss_by_hand():
    losses = s4gan().loss(INPUTS, SAMPLES)
    expected = {
        'decode.loss_ce': math.log(3),
        'loss_fm': 0.1 * DISTANCE,
        'loss_st': math.log(2),
        'selected': 1,
        'discriminator.loss_human': softplus(-SCORE_HUMAN) / 2,
        'discriminator.loss_predicted': softplus(SCORE) / 2,
    }
    losses.pop('decode.acc_seg')
    assert {k: v.item() for k, v in losses.items()} == pytest.approx(expected)


def test_weights():
    losses = s4gan(weight_fm=3.0, weight_st=5.0).loss(INPUTS, SAMPLES)
    assert losses['loss_fm'].item() == pytest.approx(3 * DISTANCE)
    assert losses['loss_st'].item() == pytest.approx(5 * math.log(2))


@pytest.mark.parametrize(
    'threshold, selected', [(SIGMOID - 1e-4, 1), (SIGMOID + 1e-4, 0)]
)
def test_whole_images_above_the_threshold_are_learned(threshold, selected):
    losses = s4gan(threshold=threshold).loss(INPUTS, SAMPLES)
    assert losses['selected'].item() == selected
    assert losses['loss_st'].item() == pytest.approx(selected * math.log(2))


def test_self_training_is_the_mean_over_the_selected_images():
    """Of the second image, surely of class 1, the score is below the threshold."""
    other = logits_of((0.01, 0.98, 0.01), (0.01, 0.98, 0.01))
    losses = s4gan().loss(torch.cat([INPUTS, other]), [*SAMPLES, sample(1, 2)])
    assert losses['selected'].item() == 0.5
    assert losses['loss_st'].item() == pytest.approx(math.log(2))
    # features are averaged over the batch before they are compared
    first = [(3 / 8 + 0.01) / 2, (1 / 4 + 0.98) / 2, (3 / 8 + 0.01) / 2]
    human = [1 / 2, 0, 0]
    model = s4gan(weight_fm=1.0)
    model.loss(torch.cat([INPUTS, other]), [*SAMPLES, sample(1, 2)])
    images = model.discriminator.seen[1][:, 3:].mean(dim=(0, 2, 3))
    expected = sum(abs(a - b) for a, b in zip(human, first))
    expected += (images - 0.5).abs().sum().item()
    losses = model.loss(torch.cat([INPUTS, other]), [*SAMPLES, sample(1, 2)])
    assert losses['loss_fm'].item() == pytest.approx(expected / 6)


def test_padded_pixels_are_neither_shown_nor_learned():
    model = s4gan(threshold=0.0)
    losses = model.loss(INPUTS, [SAMPLES[0], sample(1, 1)])
    assert model.discriminator.seen[1][0, :3, 0, 1].tolist() == [0, 0, 0]
    assert losses['loss_st'].item() == pytest.approx(math.log(2))
    losses = model.loss(INPUTS, [SAMPLES[0], sample(1, 0)])
    assert losses['loss_st'].item() == 0


# ------------------------------------------------------- who learns from what


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    parts = model.segmentor, model.discriminator
    return [[p.grad for p in part.parameters()] for part in parts]


@pytest.mark.parametrize('name', ['decode.loss_ce', 'loss_fm', 'loss_st'])
def test_the_segmentors_losses_do_not_reach_the_discriminator(name):
    model = s4gan()
    ours, others = gradients(model, model.loss(INPUTS, SAMPLES)[name])
    assert others == [None]
    assert any(grad is not None and grad.abs().max() > 1e-4 for grad in ours)


@pytest.mark.parametrize('name', ['loss_human', 'loss_predicted'])
def test_the_discriminators_losses_do_not_reach_the_segmentor(name):
    model = s4gan()
    loss = model.loss(INPUTS, SAMPLES)[f'discriminator.{name}']
    ours, (other,) = gradients(model, loss)
    assert ours == [None] * len(ours)
    assert other.abs().max() > 0.05


def test_feature_matching_pulls_the_prediction():
    """By hand: d/ds of the mean distance, s the scale of the logits."""
    model = s4gan(weight_fm=1.0)
    model.loss(INPUTS, SAMPLES)['loss_fm'].backward()
    # p' = p (x - sum p x): both pixels have x = log p
    mean = 0.5 * math.log(0.5) + 0.5 * math.log(0.25)
    large, small = 0.5 * (math.log(0.5) - mean), 0.25 * (math.log(0.25) - mean)
    # classes 0, 1, 2 with 3/8, 1/4, 3/8 against 1/2, 0, 0
    expected = (-(large + small) / 2 + small + (large + small) / 2) / 6
    assert model.segmentor.backbone.scale.grad.item() == pytest.approx(expected)


def test_the_losses_are_summed_for_two_optimizers():
    model = s4gan()
    losses = model.loss(INPUTS, SAMPLES)
    totals, logged = model.parse_losses(losses)
    ours = math.log(3) + 0.1 * DISTANCE + math.log(2)
    others = (softplus(-SCORE_HUMAN) + softplus(SCORE)) / 2
    assert {k: v.item() for k, v in totals.items()} == pytest.approx(
        dict(segmentor=ours, discriminator=others)
    )
    assert set(losses) | {'loss'} == set(logged)
    assert logged['selected'].item() == 1


def optimizers(model, lr, lr_discriminator):
    init_default_scope('mmseg')
    return build_optim_wrapper(
        model,
        ConfigDict(
            constructor='S4GANOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=lr),
            paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=10.0))),
            discriminator=dict(optimizer=dict(type='SGD', lr=lr_discriminator)),
        ),
    )


class Loaded(nn.Module):
    """A preprocessor of what needs none."""

    def forward(self, data, training):
        return data


@pytest.mark.parametrize('lr, lr_discriminator', [(0.1, 0.0), (0.0, 0.1), (0.1, 0.1)])
def test_each_optimizer_moves_its_parameters_by_its_losses(lr, lr_discriminator):
    model = s4gan()
    model.data_preprocessor = Loaded()
    losses = model.loss(INPUTS, SAMPLES)
    totals, _ = model.parse_losses(losses)
    ours = gradients(model, totals['segmentor'])[0]
    others = gradients(model, totals['discriminator'])[1]
    model.zero_grad()
    named = dict(model.named_parameters())
    before = {name: p.detach().clone() for name, p in named.items()}
    rates = [
        lr * (10 if 'decode_head' in name else 1)
        if name.startswith('segmentor')
        else lr_discriminator
        for name in named
    ]
    wrapper = optimizers(model, lr, lr_discriminator)
    logged = model.train_step(dict(inputs=INPUTS, data_samples=SAMPLES), wrapper)
    assert logged['loss'].item() == pytest.approx(
        sum(t.item() for t in totals.values())
    )
    for (name, value), rate, gradient in zip(named.items(), rates, ours + others):
        expected = before[name] - rate * gradient
        assert torch.allclose(value, expected, atol=1e-6), name
        assert value.grad is None


# ------------------------------------------------------------------- the parts


def test_one_hot_of_ignored_and_of_known_pixels():
    label = torch.tensor([[[0, 2, 255]]])
    assert one_hot(label, 3)[0, :, 0].T.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_an_image_of_one_color():
    maps = with_image(torch.ones(1, 2, 1, 1), torch.full((1, 3, 1, 1), 5.0))
    assert maps.flatten().tolist() == [1, 1, 0, 0, 0]


def test_the_state_is_the_segmentors():
    model = build(type='S4GAN')
    assert model.discriminator.layers[0].in_channels == 6
    assert list(model.state_dict()) == list(model.segmentor.state_dict())


def test_the_discriminator_takes_as_many_channels_as_the_backbone():
    class Backbone(nn.Sequential):
        def __init__(self):
            super().__init__(nn.BatchNorm2d(4), nn.Conv2d(4, 3, 1))

    segmentor = dict(SEGMENTOR, backbone=dict(type=Backbone))
    model = MODELS.build(dict(type='S4GAN', segmentor=segmentor))
    assert model.discriminator.layers[0].in_channels == 3 + 4
    discriminator = dict(type='S4GANDiscriminator', in_channels=9)
    model = MODELS.build(
        dict(type='S4GAN', segmentor=segmentor, discriminator=discriminator)
    )
    assert model.discriminator.layers[0].in_channels == 9
