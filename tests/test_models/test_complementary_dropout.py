import torch

from mmseg_gist.models.utils import complementary_dropout


def factors_of(feature, num_images):
    """Of maps of ones: (2, N, C), one view after the other."""
    flat = feature.flatten(2) if feature.ndim > 2 else feature[..., None]
    assert torch.equal(flat, flat[..., :1].expand_as(flat))  # the same at each place
    return flat[..., 0].unflatten(0, (2, num_images))


def test_what_one_view_loses_the_other_has_twice():
    torch.manual_seed(0)
    one, other = factors_of(complementary_dropout(torch.ones(10, 1000, 2, 3), 5), 5)
    assert torch.equal(one + other, torch.full((5, 1000), 2.0))
    whole = (one == 1).all(dim=1)
    assert whole.sum() == 2  # half of five, rounded down
    dropped = one[~whole]
    assert set(dropped.unique().tolist()) == {0, 2}
    assert (450 < (dropped == 0).sum(dim=1)).all()
    assert ((dropped == 0).sum(dim=1) < 550).all()
    assert len(dropped.unique(dim=0)) == 3  # each image has its own channels


def test_the_whole_images_are_drawn_anew():
    torch.manual_seed(0)
    seen = set()
    for _ in range(50):
        one, _ = factors_of(complementary_dropout(torch.ones(8, 64, 1, 1), 4), 4)
        seen.add(tuple((one == 1).all(dim=1).tolist()))
    assert len(seen) == 6  # two of four
    # a single image always loses some
    one, _ = factors_of(complementary_dropout(torch.ones(2, 64, 1, 1), 1), 1)
    assert set(one.unique().tolist()) == {0, 2}


def test_any_number_of_maps_of_any_shape():
    """A class token (N, C) beside its map, and a second map with other channels."""
    torch.manual_seed(0)
    shapes = (4, 16, 3, 3), (4, 16), (4, 24, 2, 2)
    features = [torch.ones(shape, dtype=torch.bfloat16) for shape in shapes]
    nested = (features[:2], features[2])
    (first, token), second = complementary_dropout(nested, 2)
    for before, after in zip(features, (first, token, second)):
        assert (after.shape, after.dtype) == (before.shape, before.dtype)
    assert torch.equal(factors_of(first, 2), factors_of(token, 2))
    one, other = (factors_of(feature, 2)[0] for feature in (first, second))
    assert torch.equal((one == 1).all(dim=1), (other == 1).all(dim=1))  # images
    assert not torch.equal(one, other[:, :16])
    # 0 or 2 times what there was
    given = torch.rand(4, 16, 3, 3)
    torch.manual_seed(1)
    factors = complementary_dropout(torch.ones_like(given), 2)
    torch.manual_seed(1)
    assert torch.equal(complementary_dropout(given, 2), given * factors)
