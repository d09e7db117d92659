import os

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_gist.datasets.pseudo_label import PseudoLabelDataset

CONFIDENCE = 'confidence_path'
METAINFO = dict(classes=('a', 'b', 'c'), palette=[[0, 0, 0], [9, 0, 0], [0, 9, 0]])


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


@pytest.fixture
def folder(tmp_path):
    """Five images, one of them in a folder of its own, and no masks."""
    (tmp_path / 'images/city').mkdir(parents=True)
    for name in ('e', 'a', 'c', 'b', 'city/d'):
        Image.new('RGB', (4, 3)).save(tmp_path / f'images/{name}.jpg')
    return tmp_path


def build(folder, **kwargs):
    kwargs = {'data_prefix': dict(img_path='images'), **kwargs}
    return DATASETS.build(
        dict(type='PseudoLabelDataset', data_root=str(folder), **kwargs)
    )


def items(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_lists_images_without_masks(folder):
    dataset = build(folder)
    assert isinstance(dataset, PseudoLabelDataset)
    names = ['a', 'b', 'c', 'city/d', 'e']
    assert [item['img_path'] for item in items(dataset)] == [
        str(folder / f'images/{name}.jpg') for name in names
    ]
    for item in items(dataset):
        assert 'seg_map_path' not in item
        assert 'confidence_path' not in item


def test_lists_the_images_of_a_file_in_its_order(folder):
    (folder / 'ids.txt').write_text('c\ncity/d\na\n')
    dataset = build(folder, ann_file='ids.txt')
    assert [item['img_path'] for item in items(dataset)] == [
        str(folder / f'images/{name}.jpg') for name in ('c', 'city/d', 'a')
    ]
    assert 'seg_map_path' not in dataset.get_data_info(0)


def test_images_may_be_named_from_anywhere(folder, monkeypatch):
    monkeypatch.chdir(folder / 'images')
    dataset = DATASETS.build(dict(type='PseudoLabelDataset', data_root='city'))
    (item,) = items(dataset)
    assert item['img_path'] == 'city/d.jpg'
    assert 'seg_map_path' not in item


@pytest.mark.parametrize('with_list', [False, True])
def test_labels_and_confidences_lie_in_the_folder_that_a_stage_names(folder, with_list):
    (folder / 'ids.txt').write_text('b\ncity/d\n')
    labels = folder / 'run/stages/L/pseudo_labels'
    dataset = build(
        folder,
        data_prefix=dict(img_path='images', seg_map_path=str(labels)),
        ann_file='ids.txt' if with_list else '',
    )
    found = {item['img_path']: item for item in items(dataset)}
    assert len(found) == (2 if with_list else 5)
    item = found[str(folder / 'images/city/d.jpg')]
    assert item['seg_map_path'] == str(labels / 'city/d.png')
    assert item['confidence_path'] == str(labels / 'city/d_confidence.png')


@pytest.mark.parametrize('prefix', ['images', 'images/city', 'elsewhere', ''])
def test_they_lie_there_whatever_the_ids_are(folder, prefix):
    """Absolute, with ``..``, with the suffix, like a confidence, of a long name."""
    names = ['a', 'city/d', 'a_confidence', 'x' * 251]
    ids = [f'{folder}/images/{name}' for name in names]
    (folder / 'ids.txt').write_text('\n'.join([*ids, '../images/b']))
    labels = folder / 'run/pseudo_labels'
    dataset = build(
        folder,
        data_prefix=dict(img_path=prefix, seg_map_path=str(labels)),
        ann_file='ids.txt',
    )
    files = [
        item[key] for item in items(dataset) for key in ('seg_map_path', CONFIDENCE)
    ]
    assert len(set(files)) == 10
    for file in files:
        assert os.path.normpath(file) == file
        assert file.startswith(f'{labels}/')


def test_each_suffix_has_a_label(folder):
    Image.new('RGB', (4, 3)).save(folder / 'images/a.png')
    prefix = dict(img_path='images', seg_map_path='labels')
    dataset = build(folder, data_prefix=prefix, img_suffix='')
    assert [item['seg_map_path'][len(str(folder)) :] for item in items(dataset)] == [
        f'/labels/{name}.png'
        for name in ('a.jpg', 'a.png', 'b.jpg', 'c.jpg', 'city/d.jpg', 'e.jpg')
    ]


def test_a_pseudo_label_is_read_as_it_was_written(folder):
    """No class is mapped: it holds the model's own indices, and 255."""
    label = np.array([[0, 1, 2, 255], [2, 2, 1, 0], [0, 0, 255, 1]], np.uint8)
    (folder / 'labels').mkdir()
    image = Image.fromarray(label)
    image.putpalette([*range(255, -1, -1)] * 3)  # colors say nothing
    image.save(folder / 'labels/a.png')
    (folder / 'ids.txt').write_text('a\n')
    dataset = build(
        folder,
        ann_file='ids.txt',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=METAINFO,
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
    )
    item = dataset.get_data_info(0)
    assert item['label_map'] is None
    assert item['reduce_zero_label'] is False
    assert dataset.metainfo['classes'] == METAINFO['classes']
    assert np.array_equal(dataset[0]['gt_seg_map'], label)


def test_a_subset_in_test_mode_keeps_its_indices(folder):
    """As the labeler uses it: only images that have no label yet."""
    dataset = build(folder, indices=[3, 1], test_mode=True, metainfo=METAINFO)
    assert [item['img_path'][-6:] for item in items(dataset)] == ['/d.jpg', '/b.jpg']
    assert [item['sample_idx'] for item in items(dataset)] == [0, 1]
