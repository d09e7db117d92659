import pytest
import torch
from mmseg.registry import MODELS

from mmseg_gist.models.utils import BoxMask, mix_with_next


def class_mask(labels):
    return MODELS.build(dict(type='ClassMask'))(labels)


def cut_mask(*shape):
    return MODELS.build(dict(type='CutMask'))(torch.zeros(shape, dtype=torch.long))


# ------------------------------------------------------------- mix_with_next


def test_each_image_is_pasted_on_the_next_the_last_on_the_first():
    batch = torch.tensor([[[10, 11]], [[20, 21]], [[30, 31]]])
    mask = torch.tensor([[[1, 0]], [[0, 1]], [[0, 0]]], dtype=torch.bool)
    assert mix_with_next(mask, batch).tolist() == [[[10, 21]], [[30, 21]], [[10, 11]]]


def test_all_channels_are_mixed_alike():
    batch = torch.arange(2 * 3 * 1 * 2.0).reshape(2, 3, 1, 2)
    mask = torch.tensor([[[True, False]], [[False, True]]])
    mixed = mix_with_next(mask, batch)
    assert mixed[0, :, 0].tolist() == [[0, 7], [2, 9], [4, 11]]
    assert mixed[1, :, 0].tolist() == [[0, 7], [2, 9], [4, 11]]
    assert mixed.dtype == batch.dtype


# ------------------------------------------------------------------ ClassMask


@pytest.mark.parametrize('classes, chosen', [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_half_of_the_classes_rounded_down(classes, chosen):
    label = 2 * torch.arange(classes).repeat_interleave(3)[None, None]
    for _ in range(5):
        mask = class_mask(label)
        assert mask.dtype == torch.bool
        assert len(label[mask].unique()) == chosen
        # all pixels of a class or none
        assert mask.sum() == 3 * chosen


def test_every_class_is_drawn_and_no_image_follows_another():
    label = torch.tensor([0, 1, 2, 3]).expand(50, 1, 4)
    torch.manual_seed(0)
    rows = class_mask(label)[:, 0]
    assert {tuple(row.nonzero()[:, 0].tolist()) for row in rows} == {
        (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3),
    }  # fmt: skip


def test_ignored_pixels_are_of_no_class():
    """Of 0, 1 and 255 one class is drawn, never 255."""
    label = torch.tensor([0, 1, 255, 255]).expand(20, 1, 4)
    counts = class_mask(label).sum(dim=0)[0]
    assert counts.tolist()[2:] == [0, 0]
    assert counts[:2].sum() == 20 and counts[:2].min() > 0
    assert not class_mask(torch.full((1, 2, 2), 255)).any()


# -------------------------------------------------------------------- CutMask


def test_a_rectangle_of_half_of_the_area_comes_from_the_next_image():
    torch.manual_seed(0)
    masks = cut_mask(60, 20, 30)
    corners = set()
    for mask in masks:
        rows, columns = (~mask).any(dim=1), (~mask).any(dim=0)
        height, width = int(rows.sum()), int(columns.sum())
        assert (~mask).sum() == height * width
        assert 15 <= width <= 30
        assert height == round(300 / width)
        corners.add((int(rows.long().argmax()), int(columns.long().argmax())))
    assert len(corners) > 30


@pytest.mark.parametrize('shape', [(2, 2), (3, 3), (5, 2), (161, 161)])
def test_images_of_any_size(shape):
    mask = cut_mask(8, *shape)
    assert mask.shape == (8, *shape)
    assert (~mask).any(dim=(1, 2)).all()


@pytest.mark.parametrize('shape', [(64, 64), (40, 90), (90, 40)])
def test_a_box_has_an_area_and_an_aspect_within_bounds(shape):
    torch.manual_seed(0)
    masks = BoxMask()(torch.zeros(400, *shape))
    boxes = [mask for mask in ~masks if mask.any()]
    assert 150 < len(boxes) < 250
    areas = []
    for box in boxes:
        height, width = (int(box.any(dim=axis).sum()) for axis in (1, 0))
        assert box.sum() == height * width
        areas.append(height * width / box.numel())
        if height < shape[0] and width < shape[1]:  # not cut off
            assert 1 / 3.6 < height / width < 3.6
    assert 0.01 < min(areas) < 0.06
    assert max(areas) < 0.41
    assert (~masks).any(dim=0).float().mean() > 0.9  # it can be anywhere


def test_there_is_a_box_as_often_as_it_says():
    for prob, expected in ((0.0, 0), (1.0, 20)):
        masks = BoxMask(area=(0.3, 0.3), prob=prob)(torch.zeros(20, 16, 16))
        assert (~masks).flatten(1).any(dim=1).sum() == expected
