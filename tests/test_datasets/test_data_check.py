import os
import runpy
import sys
from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest
from mmengine.config import Config

from mmseg_gist.datasets import data_check
from mmseg_gist.datasets.data_check import check_datasets
from mmseg_gist.utils import UserError

SETS = dict(train='ab', unlabeled='cd', val='e', test='f')
CLASSES = ('ground', 'disc', 'square')


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Six images of 8 x 6 (width x height); label: rows 0, 1, 2, 2, 255, 255."""
    monkeypatch.chdir(tmp_path)
    label = np.repeat(np.uint8([0, 1, 2, 2, 255, 255]), 8).reshape(6, 8)
    for folder in ('images', 'labels'):
        Path(folder).mkdir()
    for name in 'abcdef':
        cv2.imwrite(f'images/{name}.jpg', np.full((6, 8, 3), 90, np.uint8))
        if name not in SETS['unlabeled']:
            cv2.imwrite(f'labels/{name}.png', label)
    for name, ids in SETS.items():
        Path(f'{name}.txt').write_text('\n'.join(ids) + '\n')
    return tmp_path


def config(**model):
    def dataloader(name):
        prefix = dict(img_path='images')
        pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
        dataset = dict(
            type='PseudoLabelDataset',
            ann_file=f'{name}.txt',
            data_root='.',
            data_prefix=prefix,
            pipeline=[*pipeline, dict(type='PackSegInputs')],
        )
        if name != 'unlabeled':
            dataset.update(type='BaseSegDataset', metainfo=dict(classes=CLASSES))
            prefix['seg_map_path'] = 'labels'
        return dict(batch_size=1, dataset=dataset)

    return Config(
        dict(
            model=model or dict(decode_head=dict(num_classes=3)),
            **{f'{name}_dataloader': dataloader(name) for name in SETS},
        )
    )


def refused(cfg, *words):
    """The error must be one line that holds all the words."""
    with pytest.raises(UserError) as caught:
        check_datasets(cfg)
    message = str(caught.value)
    assert '\n' not in message
    for word in words:
        assert word in message, message


def test_counts_images_and_pixels(root):
    report = check_datasets(config())
    assert report['classes'] == CLASSES
    sets = report['sets']
    assert {name: each['images'] for name, each in sets.items()} == dict(
        train=2, unlabeled=2, val=1, test=1
    )
    assert sets['train']['pixels'].tolist() == [16, 16, 32]
    assert sets['train']['ignored'] == 32
    assert sets['test']['pixels'].tolist() == [8, 8, 16]
    assert sets['unlabeled']['pixels'] is None


def test_sees_labels_as_the_training_does(root):
    """After reduce_zero_label: 0 is ignored, 1 and 2 become 0 and 1."""
    cfg = config(decode_head=dict(num_classes=2))
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        dataset.update(reduce_zero_label=True, metainfo=dict(classes=CLASSES[1:]))
    train = check_datasets(cfg)['sets']['train']
    assert train['pixels'].tolist() == [16, 32]
    assert train['ignored'] == 48


def test_keeps_no_image(root, monkeypatch):
    """Of thousands of images the machine's memory would be full."""
    kept = []
    monkeypatch.setattr(data_check, '_check_disjoint', kept.append)
    check_datasets(config())
    (sets,) = kept
    infos = [item.info for items in sets.values() for item in items]
    assert len(infos) == 6
    assert not any('img' in info or 'gt_seg_map' in info for info in infos)


def test_only_the_sets_that_there_are(root):
    cfg = config()
    cfg.unlabeled_dataloader = None
    cfg.pop('test_dataloader')
    assert list(check_datasets(cfg)['sets']) == ['train', 'val']


def test_looks_into_wrapped_sets(root):
    cfg = config()
    parts = [dict(cfg.train_dataloader.dataset) for _ in 'ab']
    for part, name in zip(parts, 'ab', strict=True):
        part['ann_file'] = f'{name}.txt'
        Path(part['ann_file']).write_text(name)
    cfg.train_dataloader.dataset = dict(
        type='RepeatDataset',
        times=5,
        dataset=dict(type='ConcatDataset', datasets=parts),
    )
    assert check_datasets(cfg)['sets']['train']['images'] == 2
    Path('b.txt').write_text('e')
    refused(cfg, 'images/e.jpg', 'labeled set and the development set')


def test_missing_image(root):
    os.remove('images/c.jpg')
    line = 'add it, or correct or remove the line {!r} of ./unlabeled.txt, where each'
    refused(config(), 'images/c.jpg: no such image', line.format('c'), 'its .jpg')
    # ids as other projects write them
    for wrong in ('d.jpg', 'images/d.jpg labels/d.png', '# ids', ''):
        Path('unlabeled.txt').write_text(f'd\n{wrong}\nc\n')
        refused(config(), 'no such image', line.format(wrong))


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'latin-1'])
def test_encodings_of_lists(root, encoding):
    """As editors on Windows write them; a mark is no part of the first id."""
    os.rename('images/c.jpg', 'images/forêt.jpg')
    text = 'forêt\r\nd\r\n'
    Path('unlabeled.txt').write_bytes(text.encode(encoding))
    if encoding.startswith('utf-8'):
        assert check_datasets(config())['sets']['unlabeled']['images'] == 2
    else:
        refused(config(), 'unlabeled.txt: is not a list of ids', 'in UTF-8')


def test_empty_files(root):
    """A download that was cut off at once."""
    Path('labels/a.png').write_bytes(b'')
    refused(config(), 'labels/a.png: this label cannot be read (it is empty): replace')
    Path('images/c.jpg').write_bytes(b'')
    Path('labels/a.png').write_bytes(Path('labels/b.png').read_bytes())
    refused(config(), 'images/c.jpg: this image cannot be read (it is empty): replace')
    Path('images/c.jpg').write_bytes(b'\n')  # what OpenCV says of it has two lines
    refused(config(), 'images/c.jpg: this image cannot be read (')


def test_missing_label(root):
    os.remove('labels/e.png')
    refused(config(), 'labels/e.png', 'no such label')


@pytest.mark.parametrize('path', ['images/d.jpg', 'labels/f.png'])
def test_unreadable_file(root, path):
    Path(path).write_bytes(b'no picture')
    refused(config(), path, 'cannot be read', 'replace it')


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_file_that_was_cut_off(root, suffix):
    cfg = config()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    content = cv2.imencode(suffix, noise)[1].tobytes()
    Path(f'images/c{suffix}').write_bytes(content[: len(content) // 2])
    Path(f'images/d{suffix}').write_bytes(content)
    cfg.unlabeled_dataloader.dataset.img_suffix = suffix
    refused(cfg, f'images/c{suffix}', 'cannot be read')


def test_label_value_outside_the_classes(root):
    label = np.zeros((6, 8), np.uint8)
    label[0, :5] = 3
    cv2.imwrite('labels/b.png', label)
    refused(config(), 'labels/b.png', 'label value 3 (5 pixels)', '0 to 2 and 255')


def test_color_label(root):
    cv2.imwrite('labels/b.png', np.zeros((6, 8, 3), np.uint8))
    refused(config(), 'labels/b.png', 'is a color image')


def test_image_and_label_of_different_size(root):
    cv2.imwrite('labels/b.png', np.zeros((3, 8), np.uint8))
    refused(config(), 'labels/b.png', 'is 8 x 3', 'images/b.jpg is 8 x 6')


def test_image_named_twice(root):
    Path('unlabeled.txt').write_text('c\nd\nc\n')
    refused(config(), 'unlabeled.txt', 'images/c.jpg twice')


@pytest.mark.parametrize(
    'name, words',
    [
        ('train', 'in both the labeled set and the development set'),
        ('unlabeled', 'in both the unlabeled set and the development set'),
        ('test', 'in both the development set and the test set'),
    ],
)
def test_overlapping_sets(root, name, words):
    with open(f'{name}.txt', 'a') as file:
        file.write('e\n')
    refused(config(), 'images/e.jpg', words, f'{name}_dataloader', 'val_dataloader')


def test_overlap_through_a_link(root):
    os.symlink('../images', 'images/link')
    Path('unlabeled.txt').write_text('c\nlink/a\n')
    refused(config(), 'images/link/a.jpg', 'labeled set and the unlabeled set')


@pytest.mark.parametrize('name', SETS)
def test_empty_set(root, name):
    Path(f'{name}.txt').write_text('')
    refused(config(), f'{name}.txt', f'{name}_dataloader', 'is empty')


def test_missing_list(root):
    os.remove('val.txt')
    refused(config(), 'val.txt', 'no such list of the development images')


def test_missing_folder(root):
    cfg = config()
    cfg.train_dataloader.dataset.data_root = 'elsewhere'
    cfg.train_dataloader.dataset.ann_file = str(root / 'train.txt')
    refused(cfg, 'elsewhere/images', 'no such folder', 'train_dataloader.dataset')


@pytest.mark.parametrize(
    'model, place',
    [
        (dict(decode_head=dict(num_classes=21)), 'model.decode_head'),
        (
            dict(decode_head=[dict(num_classes=3), dict(num_classes=21)]),
            'model.decode_head',
        ),
        (
            dict(decode_head=dict(num_classes=3), auxiliary_head=dict(num_classes=21)),
            'model.auxiliary_head',
        ),
        (
            dict(segmentor=dict(decode_head=dict(num_classes=21))),
            'model.segmentor.decode_head',
        ),
    ],
)
def test_heads_with_another_number_of_classes(root, model, place):
    refused(config(**model), f'{place} has num_classes=21', '3 classes')


def test_a_head_for_boundaries_has_classes_of_its_own(root):
    stdc = Config.fromfile(
        Path(mmseg.__path__[0], '.mim/configs/_base_/models/stdc.py')
    )
    heads = [stdc.model.decode_head, *stdc.model.auxiliary_head]
    assert {head.num_classes for head in heads} == {19, 2}
    for head in heads[:-1]:
        head.num_classes = 3
    check_datasets(config(**stdc.model))


def test_sets_with_different_classes(root):
    cfg = config()
    cfg.val_dataloader.dataset.metainfo = dict(classes=('ground', 'disc'))
    refused(cfg, 'train_dataloader has 3', 'val_dataloader has 2')


def test_set_without_classes(root):
    cfg = config()
    cfg.test_dataloader.dataset.pop('metainfo')
    refused(cfg, 'test_dataloader', 'has no classes', 'metainfo=dict(classes=(...))')


def test_the_test_set_may_be_the_development_set(root):
    """In whatever order; sets that share only some images are refused."""
    Path('val.txt').write_text('e\nf\n')
    Path('test.txt').write_text('f\ne\n')
    (note,) = check_datasets(config())['notes']
    assert 'the test set is the development set' in note
    Path('test.txt').write_text('f\n')
    refused(config(), './images/f.jpg', 'in both the development set and the test set')


def test_the_tool(root, monkeypatch, capsys):
    """A table, or the one line alone and exit status 1."""
    tool = str(Path(__file__).parents[2] / 'tools/check_data.py')
    config().dump('config.py')
    option = 'val_dataloader.dataset.ann_file=val.txt'
    monkeypatch.setattr(sys, 'argv', [tool, 'config.py', '--cfg-options', option])
    runpy.run_path(tool, run_name='__main__')
    rows = [line.split('|')[1:-1] for line in capsys.readouterr().out.splitlines()]
    rows = [[cell.strip() for cell in row] for row in rows]
    assert ['images', '2', '2', '1', '1'] in rows
    third = ['32 (33.33%)', '', '16 (33.33%)', '16 (33.33%)']
    assert ['square', *third] in rows
    assert ['ignored', *third] in rows

    monkeypatch.setattr(sys, 'argv', [sys.argv[0], 'config.py', '--cfg-options'])
    sys.argv.append('val_dataloader.dataset.ann_file=unlabeled.txt')
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(tool, run_name='__main__')
    # A string as the code: python prints it to stderr and exits with 1.
    assert caught.value.code.startswith('./images/c.jpg: is in both the unlabeled')
