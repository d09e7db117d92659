from functools import partial

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import AmpOptimWrapper, OptimWrapperDict, build_optim_wrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper
from mmengine.registry import init_default_scope
from torch import nn


class Pair(nn.Module):
    """Two scalars, at first 2 and 3."""

    def __init__(self):
        super().__init__()
        for name, value in (('segmentor', 2.0), ('discriminator', 3.0)):
            part = nn.Module()
            part.weight = nn.Parameter(torch.tensor(value))
            setattr(self, name, part)

    @property
    def values(self):
        return [self.segmentor.weight.item(), self.discriminator.weight.item()]

    def losses(self):
        """Gradients 1 and 10; each loss sees the other parameter as a number."""
        ours, others = self.segmentor.weight, self.discriminator.weight
        return dict(
            segmentor=ours + others.detach(), discriminator=10 * others + ours.detach()
        )


def build(model, **cfg):
    init_default_scope('mmseg')
    cfg = dict(
        constructor='S4GANOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=0.5),
        discriminator=dict(optimizer=dict(type='SGD', lr=0.1)),
        **cfg,
    )
    return build_optim_wrapper(model, ConfigDict(cfg))


@pytest.fixture
def amp_on_cpu(monkeypatch):
    """mmengine's mixed precision asks for a GPU; here loss scaling works without."""
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    scaler = partial(torch.amp.GradScaler, 'cpu')
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', scaler)


def test_each_steps_by_its_own_loss():
    model = Pair()
    wrapper = build(model)
    assert isinstance(wrapper, OptimWrapperDict)
    assert list(wrapper.keys()) == ['segmentor', 'discriminator']
    wrapper.update_params(model.losses())
    assert model.values == pytest.approx([2 - 0.5, 3 - 1])
    assert model.segmentor.weight.grad is None
    wrapper.update_params(model.losses())
    assert model.values == pytest.approx([2 - 1, 3 - 2])


def test_the_wrapped_model_is_looked_into():
    model = Pair()
    build(nn.DataParallel(model)).update_params(model.losses())
    assert model.values == pytest.approx([1.5, 2])


def test_gradients_are_accumulated():
    model = Pair()
    wrapper = build(model, accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 4)
    with wrapper.optim_context(model):
        wrapper.update_params(model.losses())
    assert model.values == [2, 3]
    wrapper.update_params(model.losses())
    assert model.values == pytest.approx([1.5, 2])


def test_what_is_not_said_of_the_discriminators_is_alike():
    wrapper = build(Pair(), clip_grad=dict(max_norm=1.0))
    assert all(w.clip_grad_kwargs == dict(max_norm=1.0) for w in wrapper.values())
    assert [w.get_lr()['lr'] for w in wrapper.values()] == [[0.5], [0.1]]


def test_mixed_precision_scales_each_loss_apart(amp_on_cpu):
    model = Pair()
    wrapper = build(model, type='AmpOptimWrapper', loss_scale=1024.0)
    assert all(isinstance(w, AmpOptimWrapper) for w in wrapper.values())
    with wrapper.optim_context(model):
        assert torch.is_autocast_enabled('cpu')
        losses = model.losses()
    wrapper.update_params(losses)
    assert model.values == pytest.approx([1.5, 2])
    # a loss that overflows stops its own optimizer alone
    losses = model.losses()
    losses['discriminator'] = losses['discriminator'] * float('inf')
    wrapper.update_params(losses)
    assert model.values == pytest.approx([1, 2])


def test_it_resumes():
    ours = Pair()
    wrapper = build(ours)
    for group in wrapper['discriminator'].param_groups:
        group['lr'] = 0.01
    other = build(Pair())
    other.load_state_dict(wrapper.state_dict())
    assert [w.get_lr()['lr'] for w in other.values()] == [[0.5], [0.01]]
