from copy import deepcopy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_gist.models.segmentors import SelfTrainingSegmentor, SemiSegmentor
from mmseg_gist.models.segmentors.semi_segmentor import full_logits

PREPROCESSOR = dict(
    type='SegDataPreProcessor', mean=[1.0, 2.0, 3.0], std=[1.0, 1.0, 1.0], size=(4, 4)
)
SEGMENTOR = ConfigDict(
    type='EncoderDecoder',
    data_preprocessor=PREPROCESSOR,
    backbone=dict(
        type='ResNetV1c', depth=18, base_channels=2, stem_channels=4, strides=(1,) * 4
    ),
    decode_head=dict(
        type='FCNHead',
        in_channels=16,
        channels=4,
        num_convs=1,
        concat_input=False,
        num_classes=3,
        norm_cfg=dict(type='BN'),
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    auxiliary_head=[
        dict(
            type='FCNHead',
            in_channels=8,
            in_index=2,
            channels=4,
            num_classes=3,
            loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
        )
    ],
    test_cfg=dict(mode='whole'),
)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def randomized(model):
    """Every tensor with values of its own, the statistics too."""
    for value in model.state_dict().values():
        value.copy_(torch.rand(value.shape) if value.shape else 7)
    return model


def plain():
    return randomized(MODELS.build(deepcopy(SEGMENTOR)))


def wrapped(**kwargs):
    return randomized(
        MODELS.build(
            dict(
                type='SelfTrainingSegmentor',
                segmentor=deepcopy(SEGMENTOR),
                consistency=dict(type='ConsistencyLoss'),
                **kwargs,
            )
        )
    )


def same(one, two):
    return list(one) == list(two) and all(torch.equal(one[k], two[k]) for k in one)


def copied(state_dict):
    return {key: value.clone() for key, value in state_dict.items()}


def test_its_state_is_that_of_the_segmentor():
    model = wrapped()
    assert isinstance(model, SemiSegmentor)
    state_dict = model.state_dict()
    assert same(state_dict, model.segmentor.state_dict())
    assert list(state_dict) == list(plain().state_dict())
    # though there is more in it
    assert len(list(model.teacher.parameters())) > 10


def test_the_plain_segmentor_takes_its_state():
    model, other = wrapped(), plain()
    other.load_state_dict(model.state_dict(), strict=True)
    assert same(other.state_dict(), model.state_dict())


def through_torch(model, state_dict, folder):
    model.load_state_dict(state_dict, strict=True)


def through_mmengine(model, state_dict, folder):
    torch.save(dict(state_dict=state_dict), folder / 'plain.pth')
    load_checkpoint(model, str(folder / 'plain.pth'), map_location='cpu', strict=True)


@pytest.fixture(params=[through_torch, through_mmengine])
def load(request, tmp_path):
    return lambda model, state_dict: request.param(model, state_dict, tmp_path)


def test_it_takes_the_state_of_the_plain_segmentor(load):
    model, other = wrapped(), plain()
    teacher = copied(model.teacher.state_dict())
    given = copied(other.state_dict())
    load(model, other.state_dict())
    assert same(model.state_dict(), given)
    assert same(model.segmentor.state_dict(), given)
    assert same(model.teacher.state_dict(), teacher)
    assert same(other.state_dict(), given)


def test_it_takes_its_own_state(load):
    model, other = wrapped(), wrapped()
    load(model, other.state_dict())
    assert same(model.state_dict(), other.state_dict())


def test_what_is_given_stays_as_it_is():
    state_dict = plain().state_dict()
    keys = list(state_dict)
    wrapped().load_state_dict(state_dict)
    assert list(state_dict) == keys


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda s: s.pop('decode_head.conv_seg.bias'), r'segmentor\.decode_head'),
        (lambda s: s.update({'teacher.a': torch.ones(1)}), r'segmentor\.teacher\.a'),
        (
            lambda s: s.update({'decode_head.conv_seg.bias': torch.ones(4)}),
            r'segmentor\.decode_head\.conv_seg\.bias',
        ),
    ],
)
def test_another_state_is_refused(load, change, message):
    state_dict = plain().state_dict()
    change(state_dict)
    with pytest.raises(RuntimeError, match=message):
        load(wrapped(), state_dict)


def test_inside_of_another_module(load):
    """Only its own keys are renamed."""

    def outer(model):
        return nn.ModuleDict(
            dict(a=model, segmentor=nn.Linear(2, 2), b=nn.Linear(1, 1))
        )

    outside, other = outer(wrapped()), outer(plain())
    assert list(outside.state_dict()) == list(other.state_dict())
    assert same(
        {k: v for k, v in outside.state_dict().items() if k.startswith('a.')},
        {f'a.{k}': v for k, v in outside['a'].segmentor.state_dict().items()},
    )
    load(outside, other.state_dict())
    assert same(outside.state_dict(), other.state_dict())


def test_a_copy_stands_on_its_own():
    model = wrapped()
    copy, before = deepcopy(model), copied(model.state_dict())
    assert same(copy.state_dict(), before)
    teacher = copied(copy.teacher.state_dict())
    model.teacher.load_state_dict(plain().backbone.state_dict())
    copy.load_state_dict(plain().state_dict())
    assert same(model.state_dict(), before)
    assert same(copy.teacher.state_dict(), teacher)
    assert not same(copy.state_dict(), before)


def test_it_predicts_what_the_segmentor_predicts():
    model = wrapped().eval()
    images = torch.rand(2, 3, 16, 16)
    meta = dict(
        ori_shape=(16, 16), img_shape=(16, 16), pad_shape=(16, 16), padding_size=[0] * 4
    )
    samples = [SegDataSample(metainfo=meta) for _ in range(2)]
    with torch.no_grad():
        ours = model(images, deepcopy(samples), mode='predict')
        theirs = model.segmentor(images, deepcopy(samples), mode='predict')
        assert torch.equal(model(images), model.segmentor(images))
    for one, two in zip(ours, theirs):
        assert torch.equal(one.seg_logits.data, two.seg_logits.data)
        assert torch.equal(one.pred_sem_seg.data, two.pred_sem_seg.data)


def test_the_segmentors_preprocessor_prepares_its_data():
    model = wrapped()
    assert model.data_preprocessor is model.segmentor.data_preprocessor
    assert model.data_preprocessor.mean.flatten().tolist() == [1, 2, 3]


def test_another_preprocessor_is_for_segmentors_without_one():
    """mmengine's Runner gives the model that of the config's top level."""
    other = dict(PREPROCESSOR, mean=[9.0, 9.0, 9.0])
    segmentor = deepcopy(SEGMENTOR)
    segmentor.pop('data_preprocessor')
    model = SelfTrainingSegmentor(segmentor, data_preprocessor=other)
    assert model.data_preprocessor.mean.flatten().tolist() == [9, 9, 9]
    model = SelfTrainingSegmentor(deepcopy(SEGMENTOR), data_preprocessor=other)
    assert model.data_preprocessor.mean.flatten().tolist() == [1, 2, 3]


def test_the_segmentors_weights_are_initialized():
    model = wrapped()
    model.init_weights()
    norm = model.segmentor.backbone.stem[1]
    assert norm.weight.tolist() == [1, 1]
    assert model.segmentor.decode_head.conv_seg.weight.std() < 0.03


def test_one_channel_is_the_second_of_two_classes():
    """mmseg's binary heads; softmax over one channel would be sure of it."""
    cfg = deepcopy(SEGMENTOR)
    cfg.pop('auxiliary_head')
    cfg.decode_head.update(num_classes=2, out_channels=1, threshold=0.5)
    cfg.decode_head.loss_decode = dict(type='CrossEntropyLoss', use_sigmoid=True)
    model = MODELS.build(cfg).eval()
    inputs = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        logits = full_logits(model, inputs)
        (one,) = model.encode_decode(inputs, [dict(img_shape=(8, 8))] * 2).unbind(1)
    assert logits.shape == (2, 2, 8, 8)
    assert torch.allclose(logits.softmax(dim=1)[:, 1], one.sigmoid(), atol=1e-6)
