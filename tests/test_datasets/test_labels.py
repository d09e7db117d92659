"""How labels are read and counted."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image

from mmseg_gist.datasets.labels import (
    class_metainfo,
    count,
    count_human_labels,
    loading_steps,
    read_label,
    shares,
)

LABEL = np.uint8([[0, 1, 1], [2, 2, 255]])


@pytest.fixture
def leaf(tmp_path) -> dict:
    """Two images of 3 x 2 (width x height) with the same label."""
    init_default_scope('mmseg')
    for name in 'ab':
        for folder in ('images', 'labels'):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(LABEL).save(tmp_path / folder / f'{name}.png')
    return dict(
        type='BaseSegDataset',
        data_root=str(tmp_path),
        img_suffix='.png',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=dict(classes=('a', 'b', 'c')),
        # what comes after the label was read must not count
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(type='RandomCrop', crop_size=(1, 1)),
        ],
    )


def test_pixels_of_each_value():
    labels = [np.array([[0, 0], [2, 255]]), np.array([[2, 2, 2, 255, 7]])]
    pixels = count(lambda i: labels[i], range(2))
    assert pixels.shape == (256,)
    assert {value: pixels[value] for value in np.flatnonzero(pixels)} == {
        0: 2, 2: 4, 7: 1, 255: 2,
    }  # fmt: skip
    assert not count(read_label, []).any()


def test_shares_are_percent_to_four_decimals():
    assert shares([1, 5, 0, 2]) == [12.5, 62.5, 0, 25]
    assert shares([2, 0, 4]) == [33.3333, 0, 66.6667]
    assert shares([0, 0]) == [0, 0]


def test_human_labels_are_read_as_their_set_reads_them(leaf):
    assert count_human_labels(leaf)[[0, 1, 2, 255]].tolist() == [2, 4, 4, 2]
    lower = dict(leaf, reduce_zero_label=True)  # 0, 1, 2 become 255, 0, 1
    lower['metainfo'] = dict(classes=('b', 'c'))
    assert count_human_labels(lower)[[0, 1, 2, 255]].tolist() == [4, 4, 0, 4]
    repeated = dict(type='RepeatDataset', times=3, dataset=lower)
    both = dict(type='ConcatDataset', datasets=[leaf, repeated])
    assert count_human_labels(both)[[0, 1, 2, 255]].tolist() == [6, 8, 4, 6]


def test_steps_that_load():
    own = dict(type='mine.LoadMyAnnotations', a=1)
    pipeline = [
        dict(type='mmseg.LoadImageFromFile', color_type='color'),
        own,
        dict(type=LoadAnnotations),
        dict(type='LabelErase', threshold=0.5),
        dict(type='PackSegInputs'),
    ]
    assert loading_steps(pipeline, 'Image') == pipeline[:1]
    assert loading_steps(pipeline, 'Annotations') == [own, dict(type=LoadAnnotations)]
    for nothing in (None, [], pipeline[3:]):
        assert loading_steps(nothing, 'Image') == [dict(type='LoadImageFromFile')]
        assert loading_steps(nothing, 'Annotations') == [dict(type='LoadAnnotations')]


def test_classes_have_names_and_colors(leaf):
    leaf['metainfo']['palette'] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    wrapped = dict(type='RepeatDataset', times=2, dataset=leaf)
    assert class_metainfo(wrapped) == dict(
        classes=['a', 'b', 'c'], palette=leaf['metainfo']['palette']
    )
    del leaf['metainfo']['palette']
    assert np.shape(class_metainfo(leaf)['palette']) == (3, 3)  # some colors
