"""Where outputs of images go, whatever the images are called."""

import itertools
import os
from pathlib import Path

import pytest

from mmseg_gist.datasets.output_names import confidence_path, output_names

FOLDERS = ['data/images', '../data/images', '/data/images', 's3://bucket/images', '/']


@pytest.mark.parametrize('folder', FOLDERS)
def test_names_are_ids_below_the_folder(folder):
    ids = ['video/000', '.b', 'c d', './e']
    images = [os.path.join(folder, f'{name}.jpg') for name in ids]
    assert output_names(images, folder) == [
        'video/000.png', '.b.png', 'c d.png', 'e.png',
    ]  # fmt: skip
    # others play no part as long as all are below the folder
    assert output_names(images[:1], folder) == ['video/000.png']


def test_images_beside_the_folder_have_a_folder_in_common():
    beside = ['city/train/../../pool/b.png', 'city/train/../../pool/v/b.png']
    assert output_names(['city/train/a.png', *beside], 'city/train') == [
        'city/train/a.png', 'pool/b.png', 'pool/v/b.png',
    ]  # fmt: skip
    far = ['/disk1/a.png', '/disk2/a.png']
    assert output_names(far, '/disk1') == ['disk1/a.png', 'disk2/a.png']
    assert output_names(far) == ['disk1/a.png', 'disk2/a.png']
    assert output_names(['/disk1/x/a.png']) == ['a.png']
    assert output_names([]) == []


def test_one_folder_by_two_paths(tmp_path, monkeypatch):
    """What ``..`` leads to behind a link is another folder than it looks."""
    monkeypatch.chdir(tmp_path)
    Path('disk/deep').mkdir(parents=True)
    Path('images').mkdir()
    Path('images/link').symlink_to('../disk/deep')
    images = ['images/a.png', 'images/link/../a.png', 'images/link/a.png']
    assert output_names(images, 'images') == [
        'images/a.png', 'disk/a.png', 'images/link/a.png',
    ]  # fmt: skip


def test_no_output_takes_the_place_of_another():
    """Labels and confidences of all images of evil names, in one folder."""
    stems = [
        'a', 'a.jpg', 'a.png', 'a_confidence', 'a_confidence_', 'a_confidence__',
        'a_confidence_confidence', '_confidence', 'é' * 125, 'é' * 124 + 'e', 'x' * 251,
        'x' * 250 + 'y', 'x' * 240 + '_confidence', '100%', '{a}', "b'\"", ' ', 'a b',
        '\udce9',
    ]  # fmt: skip
    folders = ['', 'a/', 'b.png/', 'b_confidence.png/', 'b_confidence.png_/', 'b.png_/']
    both = itertools.product(folders, [*stems, 'b', 'b_confidence', 'b.png'])
    images = [f'/i/{folder}{stem}.jpg' for folder, stem in both]
    for given in (images, [*images, '/i/a.png'], [*images, '/a.jpg.png', '/a.jpg']):
        names = output_names(given, '/i')
        files = names + [confidence_path(name) for name in names]
        assert len(set(files)) == 2 * len(given)
        parents = {str(parent) for file in files for parent in Path(file).parents}
        assert not parents & set(files)
        for part in {part for file in files for part in file.split('/')}:
            assert part not in ('', '.', '..')
            assert len(os.fsencode(part)) < 240  # a temporary file's name is longer


def test_suffixes_are_kept_where_images_differ_in_them_alone():
    images = ['i/a.jpg', 'i/a.png', 'i/b.jpg', 'i/a.jpg.png']
    assert output_names(images[1:3], 'i') == ['a.png', 'b.png']
    assert output_names(images, 'i') == [
        'a.jpg.png', 'a.png.png', 'b.jpg.png', 'a.jpg.png.png',
    ]  # fmt: skip


def test_the_confidence_lies_beside_the_label():
    assert confidence_path('a/b.c/d.e.png') == 'a/b.c/d.e_confidence.png'
    assert confidence_path('y_gtFine.png') == 'y_gtFine_confidence.png'
