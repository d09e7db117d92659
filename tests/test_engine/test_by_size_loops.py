import torch

from mmseg_gist.engine.runner.by_size_loops import by_size


def image(height: int) -> torch.Tensor:
    return torch.zeros(3, height, 4)


def test_images_of_one_size_are_a_batch():
    images = [image(height) for height in (5, 6, 5)]
    parts = list(by_size(dict(inputs=images, data_samples=['a', 'b', 'c'])))
    assert [part['data_samples'] for part in parts] == [['a', 'c'], ['b']]
    assert parts[0]['inputs'] == [images[0], images[2]]
    assert parts[1]['inputs'] == [images[1]]


def test_views_stay_together():
    """In test-time augmentation the outer list is that of the views."""
    heights = (5, 6, 5), (10, 12, 10)
    batch = dict(
        inputs=[[image(height) for height in view] for view in heights],
        data_samples=[['a0', 'b0', 'c0'], ['a1', 'b1', 'c1']],
    )
    parts = list(by_size(batch))
    samples = [part['data_samples'] for part in parts]
    assert samples == [[['a0', 'c0'], ['a1', 'c1']], [['b0'], ['b1']]]
    assert [view[0].shape[1] for view in parts[1]['inputs']] == [6, 12]
