import math

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_gist.models.decode_heads import DeepLabV2Head
from mmseg_gist.utils import UserError


def counting_head(**kwargs):
    """A head whose logits count the branches that see a pixel of value 1."""
    head = DeepLabV2Head(1, 3, **kwargs)
    for conv in head.convs:
        nn.init.ones_(conv.weight)
        nn.init.zeros_(conv.bias)
    return head


@pytest.mark.parametrize('num_branches, reached', [(4, (6, 12, 18, 24)), (2, (6, 12))])
def test_branches_are_summed_at_their_dilations(num_branches, reached):
    head = counting_head(num_branches=num_branches)
    impulse = torch.zeros(1, 1, 61, 61)
    impulse[0, 0, 30, 30] = 1
    logits = head([impulse])
    expected = torch.zeros(61, 61)
    for dilation in reached:
        for dy in (-dilation, 0, dilation):
            for dx in (-dilation, 0, dilation):
                expected[30 + dy, 30 + dx] += 1
    assert expected[30, 30] == num_branches
    assert logits.shape == (1, 3, 61, 61)
    assert torch.equal(logits, expected.expand(1, 3, 61, 61))


def test_biases_are_summed():
    head = counting_head()
    for i, conv in enumerate(head.convs):
        conv.bias.data.fill_(10**i)
    assert head([torch.zeros(1, 1, 5, 5)]).unique().tolist() == [1111]


def test_the_chosen_feature_is_used():
    head = counting_head(in_index=0)
    zeros, ones = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    assert head([ones, zeros]).unique().tolist() == [4]


def test_holds_its_branches_and_nothing_else():
    head = DeepLabV2Head(8, 5, dilations=(3, 6, 9, 12))
    assert {key: tuple(value.shape) for key, value in head.state_dict().items()} == {
        f'convs.{i}.{name}': shape
        for i in range(4)
        for name, shape in [('weight', (5, 8, 3, 3)), ('bias', (5,))]
    }
    assert [conv.dilation for conv in head.convs] == [(3, 3), (6, 6), (9, 9), (12, 12)]
    assert not any(isinstance(m, (nn.Dropout, nn.Dropout2d)) for m in head.modules())


def test_initial_weights_are_normal_with_deviation_001():
    torch.manual_seed(0)
    head = DeepLabV2Head(256, 21)
    head.init_weights()
    for conv in head.convs:
        assert conv.weight.std().item() == pytest.approx(0.01, rel=0.02)
        assert conv.weight.mean().item() == pytest.approx(0, abs=1e-4)
        assert not conv.bias.any()


def sample(labels):
    return SegDataSample(gt_sem_seg=PixelData(data=torch.tensor([labels])))


def test_loss_is_the_mean_over_pixels_that_are_not_ignored():
    head = counting_head(num_branches=1)
    head.convs[0].bias.data = torch.tensor([math.log(2), 0, 0])
    # Softmax 1/2, 1/4, 1/4 everywhere; two of four pixels count.
    samples = [sample([[0, 255], [1, 255]])]
    losses = head.loss([torch.zeros(1, 1, 2, 2)], samples, {})
    assert losses['loss_ce'].item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_loss_of_ignored_pixels_alone_is_zero():
    losses = counting_head().loss(
        [torch.ones(1, 1, 2, 2)], [sample([[255, 255], [255, 255]])], {}
    )
    assert losses['loss_ce'].item() == 0


def test_logits_are_resized_corner_to_corner():
    logits = torch.tensor([[0.0, 4.0], [8.0, 12.0]]).expand(1, 3, 2, 2)
    resized = counting_head().predict_by_feat(logits, [dict(img_shape=(2, 5))])
    assert resized[0, 0].tolist() == [[0, 1, 2, 3, 4], [8, 9, 10, 11, 12]]


def test_the_usual_key_gives_the_head_its_learning_rate():
    model = nn.ModuleDict(
        dict(backbone=nn.Conv2d(3, 8, 1), decode_head=DeepLabV2Head(8, 5))
    )
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='SGD', lr=2.5e-4),
            paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=10)}),
        ),
    )
    rates = {id(g['params'][0]): g['lr'] for g in wrapper.param_groups}
    for name, parameter in model.named_parameters():
        expected = 2.5e-3 if name.startswith('decode_head') else 2.5e-4
        assert rates[id(parameter)] == pytest.approx(expected), name


@pytest.mark.parametrize('num_branches', [0, 5])
def test_more_branches_than_dilations_are_refused(num_branches):
    with pytest.raises(
        UserError, match=f'num_branches {num_branches} is not in 1 to 4'
    ):
        DeepLabV2Head(8, 5, num_branches=num_branches)
