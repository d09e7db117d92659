"""Frozen means frozen: through a real stage, bit for bit."""

import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_gist.engine.hooks.mean_teacher_hook import update_teacher

FROZEN = dict(norm_cfg=dict(type='BN', requires_grad=False), norm_eval=True)
BACKBONES = dict(
    DeepLabV2ResNet=(dict(depth=50, base_channels=2, stem_channels=4), 64),
    EfficientNetLite=(dict(arch='lite0', output_stride=16), 320),
    UNet=({}, 4),
)


def randomize(model):
    """Statistics that no training would come upon."""
    for i, module in enumerate(model.modules()):
        if isinstance(module, _BatchNorm):
            generator = torch.Generator().manual_seed(i)
            for value in (module.weight, module.running_var):
                value.data.uniform_(0.9, 1.1, generator=generator)
            for value in (module.bias, module.running_mean):
                value.data.uniform_(-0.1, 0.1, generator=generator)


def norms(module):
    return {
        f'{name}.{key}': value.clone()
        for name, part in module.named_modules()
        if isinstance(part, _BatchNorm)
        for key, value in part.state_dict().items()
    }


def convolutions(module):
    return {
        name: value.detach().clone()
        for name, value in module.named_parameters()
        if value.ndim == 4
    }


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


@pytest.fixture
def train(cfg, make_stage, run):
    def train(backbone, norm_eval=True):
        settings, channels = BACKBONES[backbone]
        if backbone != 'UNet':
            cfg.model.backbone = dict(type=backbone, **settings, **FROZEN)
            cfg.model.decode_head.update(in_index=-1, in_channels=channels)
        cfg.model.backbone.norm_eval = norm_eval
        cfg.train_cfg.stage_iters = 2

        def before(runner):
            model = runner.model
            randomize(model.student)
            update_teacher(model.teacher, model.student, momentum=1)
            head = model.segmentor.decode_head
            return norms(model.student), norms(head), convolutions(model.student)

        runner, values = run(make_stage('0.5'), before_train=before)
        return runner.model, *values['before_train'][0]

    return train


@pytest.mark.slow
@pytest.mark.parametrize('backbone', BACKBONES)
def test_the_statistics_of_a_frozen_backbone_stay(train, backbone):
    model, statistics, of_head, weights = train(backbone)
    assert len(statistics) >= 5 * 3  # weight, bias, mean, variance, number
    assert same(norms(model.student), statistics)
    assert same(norms(model.teacher), norms(model.student))
    for name, parameter in model.student.named_parameters():
        assert parameter.requires_grad == (name not in statistics)
    # while everything else was trained
    assert not same(convolutions(model.student), weights)
    assert not same(norms(model.segmentor.decode_head), of_head)


def test_they_would_change_without(train):
    model, statistics, *_ = train('UNet', norm_eval=False)
    after = norms(model.student)
    for name in statistics:
        frozen = name.endswith(('weight', 'bias'))
        assert torch.equal(after[name], statistics[name]) == frozen, name
