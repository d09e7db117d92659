import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_gist.models.losses import ConsistencyLoss


def loss_of(student, teacher, training=True, **kwargs):
    loss = MODELS.build(dict(type='ConsistencyLoss', **kwargs))
    assert isinstance(loss, ConsistencyLoss)
    return loss.train(training)(student, teacher)


# Two images, two channels, 1 x 2: the means over the image are
# 2, 4 and 0, -1 for the student, 1, 5 and 3, -1 for the teacher.
STUDENT = torch.tensor([[[[1.0, 3.0]], [[4.0, 4.0]]], [[[-5.0, 5.0]], [[0.0, -2.0]]]])
TEACHER = torch.tensor([[[[0.0, 2.0]], [[2.0, 8.0]]], [[[3.0, 3.0]], [[-1.0, -1.0]]]])


def test_it_is_the_mean_absolute_difference_of_the_means():
    loss = loss_of(STUDENT, TEACHER, dropout_ratio=0)
    assert loss.shape == ()
    assert loss.item() == pytest.approx((1 + 1 + 3 + 0) / 4)


def test_the_weight_scales_it():
    loss = loss_of(STUDENT, TEACHER, dropout_ratio=0, loss_weight=0.1)
    assert loss.item() == pytest.approx(0.125)


def test_where_things_are_does_not_count():
    assert loss_of(STUDENT, STUDENT.flip(3), dropout_ratio=0) == 0


def test_its_gradient_pulls_each_mean_towards_the_teachers():
    student = STUDENT.clone().requires_grad_()
    loss_of(student, TEACHER, dropout_ratio=0).backward()
    # sign / (4 means) / (2 pixels of a mean)
    signs = torch.tensor([[1.0, -1.0], [-1.0, 0.0]])
    assert torch.equal(student.grad, (signs / 8)[..., None, None].expand(2, 2, 1, 2))


def test_each_of_the_two_has_a_dropout_mask_of_its_own():
    """The means are dropped, not pixels, and what is kept is scaled."""
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 4, 5, 3, 6, generator=generator)
    torch.manual_seed(0)
    loss = loss_of(student, teacher, dropout_ratio=0.25)
    torch.manual_seed(0)
    keeps = [F.dropout(torch.ones(4, 5), 0.25) for _ in range(2)]
    assert not torch.equal(*keeps)
    assert torch.stack(keeps).unique().tolist() == pytest.approx([0, 4 / 3])
    difference = student.mean((2, 3)) * keeps[0] - teacher.mean((2, 3)) * keeps[1]
    assert loss.item() == pytest.approx(difference.abs().sum().item() / 20)


@pytest.mark.parametrize('ratio', [0.2, 0.5])
def test_dropout_drops_with_its_ratio(ratio):
    """Of two equal means one alone is kept with probability 2 r (1 - r)."""
    torch.manual_seed(0)
    ones = torch.ones(100, 1000, 1, 1)
    loss = loss_of(ones, ones, dropout_ratio=ratio)
    expected = 2 * ratio * (1 - ratio) / (1 - ratio)
    assert loss.item() == pytest.approx(expected, rel=0.02)


def test_nothing_is_dropped_in_eval_mode():
    assert loss_of(STUDENT, TEACHER, training=False, dropout_ratio=0.9) == 1.25


@pytest.mark.parametrize('value, slope', [(0.5, -0.8), (1.5, 1.0)])
def test_by_default_its_gradient_points_to_the_teacher_from_both_sides(value, slope):
    """The slope of (1 - r) |f - 1| + r (f + 1) with r = 0.1."""
    torch.manual_seed(0)
    student = torch.full((100, 1000, 1, 1), value, requires_grad=True)
    loss_of(student, torch.ones(100, 1000, 1, 1)).backward()
    assert student.grad.sum().item() == pytest.approx(slope, abs=0.01)
