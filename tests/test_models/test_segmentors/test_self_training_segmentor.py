import math

import pytest
import torch
import toy_segmentor
from mmseg.registry import MODELS
from torch import nn
from toy_segmentor import SEGMENTOR, Scale, identity_head, sample

from mmseg_gist.models.segmentors.semi_segmentor import split_by_source
from mmseg_gist.utils import UserError

LOG2 = math.log(2)


class Watched(Scale):
    """It keeps what it sees; before its last feature comes one that is of no use."""

    def __init__(self, norm=False):
        super().__init__()
        self.norm = nn.BatchNorm2d(3) if norm else nn.Identity()
        self.seen = []

    def forward(self, x):
        self.seen.append((x.detach().clone(), torch.is_grad_enabled(), self.training))
        return [x.new_full((), math.nan), *super().forward(self.norm(x))]


def build(norm=False, **kwargs):
    segmentor = dict(SEGMENTOR, backbone=dict(type=Watched, norm=norm))
    return toy_segmentor.build(segmentor, type='SelfTrainingSegmentor', **kwargs)


def total(model, losses):
    """What the optimizer minimises."""
    return model.parse_losses(losses)[0].item()


# p is 1/2, 1/4, 1/4 in every pixel: class 0 costs log 2, class 1 twice as much.
IMAGES = torch.tensor([0.5, 0.25, 0.25]).log()[:, None, None].expand(4, 3, 1, 4)
# Three labeled pixels, 4/3 log 2 on average, and eight pseudo-labeled ones,
# 15/8 log 2. Averaged together it would be 19/11.
HUMAN = [[0, 0, 255, 255], [1, 255, 255, 255]]
PSEUDO = [[1, 1, 1, 1], [1, 1, 1, 0]]
MIXED = [*(sample(0, 4, label) for label in HUMAN), *(sample(1, 4, x) for x in PSEUDO)]


# -------------------------------------------------------------------- Eq. 2


@pytest.mark.parametrize('alpha', [0.25, 0.5, 0.9])
def test_the_two_kinds_are_averaged_apart_and_weighted(alpha):
    model = build(alpha=alpha)
    losses = model.loss(IMAGES, MIXED)
    expected = (alpha * 4 / 3 + (1 - alpha) * 15 / 8) * LOG2
    assert total(model, losses) == pytest.approx(expected)
    assert losses['labeled.decode.loss_ce'].item() == pytest.approx(
        alpha * 4 / 3 * LOG2
    )


def test_the_order_in_the_batch_does_not_count():
    model = build(alpha=0.25)
    images = IMAGES * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None, None]
    together = total(model, model.loss(images, MIXED))
    order = [2, 0, 3, 1]
    turned = model.loss(images[order], [MIXED[i] for i in order])
    assert total(model, turned) == pytest.approx(together)


def test_parts_of_different_size_are_weighted_alike():
    model = build(alpha=0.25)
    losses = model.loss(IMAGES[:3], MIXED[1:])
    assert total(model, losses) == pytest.approx((0.25 * 2 + 0.75 * 15 / 8) * LOG2)


def test_the_gradient_is_that_of_the_weighted_sum():
    gradients = {}
    for name, chosen in (('both', MIXED), ('human', MIXED[:2]), ('pseudo', MIXED[2:])):
        model = build(alpha=0.25)
        losses = model.loss(IMAGES[: len(chosen)], chosen)
        model.parse_losses(losses)[0].backward()
        gradients[name] = model.segmentor.decode_head.conv_seg.weight.grad
    expected = 0.25 * gradients['human'] + 0.75 * gradients['pseudo']
    assert torch.allclose(gradients['both'], expected)
    assert gradients['both'].abs().max() > 0.1


@pytest.mark.parametrize(
    'source, labels, expected',
    [(0, HUMAN, 4 / 3), (0, PSEUDO, 15 / 8), (1, PSEUDO, 15 / 8)],
)
def test_one_kind_alone_has_the_segmentors_own_loss(source, labels, expected):
    """In stages of one kind, and in those that choose one for each batch."""
    model = build(alpha=0.25)
    samples = [sample(source, 4, label) for label in labels]
    losses = model.loss(IMAGES[:2], samples)
    plain = identity_head(MODELS.build(SEGMENTOR)).loss(IMAGES[:2], samples)
    assert {k: v.item() for k, v in losses.items()} == {
        k: v.item() for k, v in plain.items()
    }
    assert total(model, losses) == pytest.approx(expected * LOG2)


def test_only_losses_are_weighted():
    losses = build(alpha=0.25).loss(IMAGES, MIXED)
    # class 0 is predicted everywhere: right in 2 of 3 and in 1 of 8 pixels
    assert losses['labeled.decode.acc_seg'].item() == pytest.approx(200 / 3)
    assert losses['pseudo.decode.acc_seg'].item() == pytest.approx(100 / 8)


def test_a_batch_is_split_by_its_sources():
    samples = [sample(source, 1, [i]) for i, source in enumerate([1, 0, 1, 1])]
    parts = split_by_source(torch.arange(4), samples)
    assert [(source, inputs.tolist()) for source, inputs, _ in parts] == [
        (0, [1]),
        (1, [0, 2, 3]),
    ]
    for _, inputs, chosen in parts:
        assert [s.gt_sem_seg.data.item() for s in chosen] == inputs.tolist()


# ------------------------------------------------------------- perturbation


@MODELS.register_module()
class LeftHalf:
    """The left half of an image is pasted on the next one."""

    def __call__(self, labels):
        mask = torch.zeros_like(labels, dtype=torch.bool)
        mask[..., : labels.shape[-1] // 2] = True
        return mask


@MODELS.register_module()
class Darker:
    """Half as bright, in [0, 255]."""

    def __call__(self, images):
        return images / 2


def test_only_pseudo_labeled_images_are_pasted_and_augmented():
    model = build(
        perturbation=dict(mask=dict(type='LeftHalf'), augmentation=dict(type='Darker'))
    )
    model.data_preprocessor.mean = torch.full((3, 1, 1), 8.0)
    model.data_preprocessor.std = torch.full((3, 1, 1), 2.0)
    images = torch.tensor([0.0, 2, 4, 6])[:, None, None, None].expand(4, 3, 1, 4)
    samples = [
        sample(source, 4, [label] * 4)
        for source, label in ((0, 0), (1, 1), (0, 2), (1, 0))
    ]
    model.loss(images, samples)
    human, pseudo = (seen for seen, *_ in model.student.seen)
    assert human[:, 0, 0].tolist() == [[0] * 4, [4] * 4]
    # the images are 2 * 2 + 8 = 12 and 2 * 6 + 8 = 20, half of which is 6 and 10
    assert pseudo[:, 0, 0].tolist() == [[-1, -1, 1, 1], [1, 1, -1, -1]]
    _, mixed = model.perturbed(images[1::2], samples[1::2])
    labels = [one.gt_sem_seg.data[0, 0].tolist() for one in mixed]
    assert labels == [[1, 1, 0, 0], [0, 0, 1, 1]]
    assert all(one.metainfo['source'] == 1 for one in mixed)


def test_the_teacher_sees_the_images_that_the_student_sees():
    model = consistent(perturbation=dict(mask=dict(type='LeftHalf')))
    model.loss(SCENES, MIXED)
    student = torch.cat([images for images, *_ in model.student.seen])
    assert torch.equal(student, model.teacher.seen[0][0])
    assert not torch.equal(student, SCENES)


# -------------------------------------------------------------- Eq. 4 to 8

# Means over the image of 1, 2, 3 in the three channels of the first image, and
# twice, three times, four times as much in the others.
MEANS = torch.tensor([1.0, 2.0, 3.0])[:, None, None] * torch.tensor([0.5, 1.5, 1, 1])
SCENES = MEANS * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None, None]


def consistent(dropout_ratio=0.0, **kwargs):
    """A model whose student's features are 2, its teacher's 3 times the image."""
    consistency = dict(type='ConsistencyLoss', dropout_ratio=dropout_ratio)
    model = build(consistency=consistency, **kwargs)
    model.student.scale.data.fill_(2.0)
    model.teacher.scale.data.fill_(3.0)
    return model


@pytest.mark.parametrize(
    'images, samples, expected',
    [
        (SCENES[:1], MIXED[:1], 2),  # (1 + 2 + 3) / 3 times 3 - 2
        (SCENES[2:], MIXED[2:], 2 * 3.5),
        (SCENES, MIXED, 2 * 2.5),
        (SCENES[1:], MIXED[1:], 2 * 3),
    ],
)
def test_the_last_features_of_all_images_are_compared(images, samples, expected):
    losses = consistent().loss(images, samples)
    assert losses['loss_consistency'].item() == pytest.approx(expected)


def test_each_image_is_compared_with_itself():
    """Also where the kinds alternate in the batch."""
    model = consistent()
    model.teacher.scale.data.fill_(2.0)
    order = [2, 0, 3, 1]
    losses = model.loss(SCENES[order], [MIXED[i] for i in order])
    assert losses['loss_consistency'].item() == 0


@pytest.mark.parametrize('samples, parts', [(MIXED, 2), (MIXED[:2], 1)])
def test_the_segmentation_loss_is_as_without_it(samples, parts):
    images = SCENES[: len(samples)]
    model = consistent(alpha=0.25)
    plain = build(alpha=0.25)
    plain.student.scale.data.fill_(2.0)
    losses, others = model.loss(images, samples), plain.loss(images, samples)
    added = losses.pop('loss_consistency').item()
    assert {k: v.item() for k, v in losses.items()} == {
        k: v.item() for k, v in others.items()
    }
    losses['loss_consistency'] = torch.tensor(added)
    assert total(model, losses) == pytest.approx(total(plain, others) + added)


@pytest.mark.parametrize(
    'samples, parts', [(MIXED, [2, 2]), (MIXED[:3], [2, 1]), (MIXED[2:], [2])]
)
def test_the_student_runs_once(samples, parts):
    """Its features are those of the segmentation loss."""
    model = consistent()
    model.loss(SCENES[: len(samples)], samples)
    assert [len(images) for images, _, _ in model.student.seen] == parts
    assert all(grad and training for _, grad, training in model.student.seen)
    # the teacher: once, without gradient, in eval mode
    ((images, grad, training),) = model.teacher.seen
    assert torch.equal(images, SCENES[: len(samples)])
    assert not grad and not training


def test_the_student_alone_gets_a_gradient():
    model = consistent()
    losses = model.loss(SCENES[:1], MIXED[:1])
    losses['loss_consistency'].backward()
    # of mean |2 m - 3 m| by the 2: m is pulled up
    assert model.student.scale.grad.item() == pytest.approx(-2)
    for parameter in model.teacher.parameters():
        assert not parameter.requires_grad
        assert parameter.grad is None


def test_the_teacher_starts_as_a_copy_of_its_own():
    model = build(norm=True, consistency=dict(type='ConsistencyLoss'))
    for ours, theirs in zip(
        model.teacher.state_dict().values(), model.student.state_dict().values()
    ):
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()


def test_the_teachers_batch_norm_stays_as_it_is():
    model = consistent(norm=True)
    model.train()
    assert model.student.norm.training
    model.teacher.norm.running_mean.fill_(1.0)
    model.loss(SCENES, MIXED)
    assert model.teacher.norm.running_mean.tolist() == [1, 1, 1]
    assert model.teacher.norm.num_batches_tracked == 0
    assert model.student.norm.num_batches_tracked == 2  # human and pseudo apart


def test_modes_of_train_and_eval():
    model = consistent(dropout_ratio=0.5)
    assert model.train() is model
    assert model.consistency.training and not model.teacher.training
    assert not any(module.training for module in model.eval().modules())


def test_dropout_is_drawn_for_student_and_teacher():
    model = consistent(dropout_ratio=0.5)
    torch.manual_seed(0)
    values = {model.loss(SCENES, MIXED)['loss_consistency'].item() for _ in range(5)}
    assert len(values) == 5
    torch.manual_seed(0)
    assert model.loss(SCENES, MIXED)['loss_consistency'].item() in values


def test_without_it_there_is_no_teacher():
    model = build()
    assert model.consistency is None
    assert not hasattr(model, 'teacher')
    assert 'loss_consistency' not in model.loss(IMAGES, MIXED)


@pytest.mark.parametrize('failing', [False, True])
def test_nothing_stays_hooked_to_the_backbone(failing):
    model = consistent()
    if failing:
        model.segmentor.decode_head.loss = None
        with pytest.raises(TypeError):
            model.loss(SCENES, MIXED)
    else:
        model.loss(SCENES, MIXED)
    assert not model.student._forward_hooks


def test_a_backbone_that_gives_one_tensor(monkeypatch):
    forward = Watched.forward
    monkeypatch.setattr(Watched, 'forward', lambda self, x: forward(self, x)[1])
    model = consistent()
    model.segmentor.decode_head.forward = lambda x: x
    losses = model.loss(SCENES[:1], MIXED[:1])
    assert losses['loss_consistency'].item() == pytest.approx(2)


def test_a_backbone_with_other_features_in_training_is_refused(monkeypatch):
    """As PIDNet's, which then ends in its boundary branch."""
    model = build(consistency=dict(type='ConsistencyLoss'))
    monkeypatch.setattr(model.teacher, 'forward', lambda x: [x[:, :2]])
    with pytest.raises(UserError) as error:
        model.loss(IMAGES, MIXED)
    assert str(error.value) == (
        'the last features of Watched have shape (4, 3, 1, 4) in training, but '
        '(4, 2, 1, 4) otherwise, so a consistency loss is impossible: set '
        'train_cfg.consistency=None'
    )
