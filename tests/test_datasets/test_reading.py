"""What a pipeline loses on the way from a file is told, and nothing else is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_gist.datasets import reading
from mmseg_gist.datasets.data_check import check_datasets
from mmseg_gist.utils import UserError

LABEL = np.repeat(np.uint8([0, 1, 2, 2, 255, 255]), 8).reshape(6, 8)
SETS = dict(train='ab', unlabeled='cd')


@TRANSFORMS.register_module()
class LoadInstanceAnnotations(BaseTransform):
    """A loader of one's own: class = value // 256."""

    def transform(self, results):
        value = np.asarray(Image.open(results['seg_map_path']))
        results['gt_seg_map'] = (value // 256).astype(np.uint8)
        return results


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Images a, b (labeled), c, d of 8 x 6 (width x height), PNGs."""
    monkeypatch.chdir(tmp_path)
    for folder in ('images', 'labels'):
        Path(folder).mkdir()
    for name in 'abcd':
        write_image(name, grays())
    for name in 'ab':
        Image.fromarray(LABEL).save(f'labels/{name}.png')
    return tmp_path


def grays(top=255, dtype=np.uint8):
    return np.linspace(0, top, 48).reshape(6, 8).astype(dtype)


def write_image(name, image, **kwargs):
    Image.fromarray(image).save(f'images/{name}.png', **kwargs)


def exif(orientation):
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def notes(image=None, label=None, suffix='.png'):
    """What is told of both sets, whose loading steps have these settings."""
    pipeline = [
        dict(dict(type='LoadImageFromFile'), **image or {}),
        dict(dict(type='LoadAnnotations'), **label or {}),
    ]
    cfg = {}
    for name, ids in SETS.items():
        Path(f'{name}.txt').write_text('\n'.join(ids) + '\n')
        dataset = dict(
            type='PseudoLabelDataset' if name == 'unlabeled' else 'BaseSegDataset',
            ann_file=f'{name}.txt',
            data_prefix=dict(img_path='images'),
            img_suffix='.png',
            pipeline=pipeline,
        )
        if name == 'train':
            dataset['data_prefix']['seg_map_path'] = 'labels'
            dataset.update(seg_map_suffix=suffix, metainfo=dict(classes=tuple('xyz')))
        cfg[f'{name}_dataloader'] = dict(batch_size=1, dataset=dataset)
    return check_datasets(Config(cfg))['notes']


def fault(**kwargs):
    with pytest.raises(UserError) as caught:
        notes(**kwargs)
    return str(caught.value)


def test_usual_files_have_no_notes(root):
    image = Image.fromarray(grays()).quantize(16)
    image.save('images/a.png')
    Image.new('1', (8, 6), 1).save('images/b.png')
    Image.fromarray(grays()).convert('RGBA').save('images/c.png')
    write_image('d', grays(), exif=exif(6))  # has no label to fit
    label = Image.fromarray(LABEL)
    label.putpalette(bytes(range(256)) * 3)
    label.save('labels/a.png')
    Image.fromarray(LABEL.astype(np.uint16)).save('labels/b.png')
    assert notes() == []


@pytest.mark.parametrize(
    'suffix, factor, words',
    [
        ('.png', np.uint16(256), 'value 512 (16 pixels), which training reads as 0'),
        ('.tif', np.float32(0.5), 'value 0.5 (8 pixels), which training reads as 0'),
        ('.tif', np.int32(-1), 'value -1 (8 pixels), which training reads as 255'),
    ],
)
def test_labels_that_wrap_around(root, suffix, factor, words):
    """256 times the class, halves, or -1 for what is ignored."""
    for name in 'ab':
        label = LABEL * (LABEL < 255)
        if factor == 256:
            label = label * (label == 2)
        Image.fromarray(label * factor).save(f'labels/{name}{suffix}')
    message = fault(suffix=suffix)
    assert message.startswith(f'labels/a{suffix}: has label {words}'), message


def test_a_loader_of_ones_own_may_read_16_bits(root):
    for name in 'ab':
        label = LABEL.astype(np.uint16) * 256 + (LABEL == 1) * np.uint16(7)
        Image.fromarray(label).save(f'labels/{name}.png')
    assert 'reads as' in fault()
    assert notes(label=dict(type='LoadInstanceAnnotations')) == []


def test_a_palette_that_is_read_as_colors(root):
    label = Image.fromarray(LABEL)
    label.putpalette(bytes(range(256)) * 3)
    label.save('labels/a.png')
    message = fault(label=dict(imdecode_backend='cv2'))
    assert message.startswith('labels/a.png: is a palette image of class indices')
    assert "imdecode_backend='cv2'" in message
    assert 'LoadAnnotations' in message


@pytest.mark.parametrize(
    'backend, package', [('tifffile', 'tifffile'), ('turbojpeg', 'PyTurboJPEG')]
)
def test_a_decoder_that_is_not_installed(root, monkeypatch, backend, package):
    """It is no fault of the first file that it would read."""
    monkeypatch.setattr(reading, 'find_spec', lambda name: None)
    for step, settings in (
        ('LoadImageFromFile', dict(image=dict(imdecode_backend=backend))),
        ('LoadAnnotations', dict(label=dict(imdecode_backend=backend))),
    ):
        assert fault(**settings) == (
            f"{step}: imdecode_backend='{backend}' is not installed: pip install "
            f"{package}, or choose 'cv2' or 'pillow'"
        )


def test_images_of_more_than_8_bits(root):
    """Scaled by OpenCV, clipped by Pillow, kept with color_type='unchanged'."""
    for name in 'bc':
        write_image(name, grays(4095, np.uint16))
    write_image('d', grays(2**16 - 1, np.uint16))
    way_out = 'convert to 8 bits that use the range 0 to 255'
    line = 'images/b.png and {} more: values up to 4095, 12 bits, which training {}; {}'
    assert notes() == [line.format(1, 'reads as 0 to 15 of 255', way_out)]
    pillow = dict(imdecode_backend='pillow')
    assert notes(pillow) == [line.format(2, 'clips to 255', way_out)]
    assert notes(dict(color_type='unchanged')) == []


def test_images_of_16_bits_in_color_with_alpha(root):
    """Whose alpha is full: only the colors count."""
    image = np.full((6, 8, 4), 2**16 - 1, np.uint16)
    image[..., :3] = grays(2**14 - 1, np.uint16)[..., None]
    cv2.imwrite('images/a.png', image)
    (line,) = notes()
    assert 'up to 16383, 14 bits, which training reads as 0 to 63 of 255' in line


def test_black_images(root):
    """Such as masks among the images."""
    write_image('c', LABEL % 255)
    (line,) = notes()
    assert line.startswith('images/c.png: no value above 2 of 255; training sees black')


def test_images_that_are_stored_turned(root):
    """In PNGs too; a label that has the same orientation is not turned with it."""
    for name, orientation in zip('abc', (3, 2, 8), strict=True):
        write_image(name, grays(), exif=exif(orientation))
    (line,) = notes()
    assert line.startswith(
        'images/a.png and 1 more: stored turned (EXIF orientation 3)'
    )
    for settings in ('unchanged', 'color_ignore_orientation'):
        assert notes(dict(color_type=settings)) == []
    Image.fromarray(LABEL).save('labels/b.png', exif=exif(2))
    message = fault()
    assert message.startswith('labels/b.png: is stored turned (EXIF orientation 2)')


def test_a_label_of_the_turned_size(root):
    write_image('b', grays(), exif=exif(6))
    assert fault().endswith('images/b.png is 6 x 8: turn one of the two')


def test_damaged_exif_data(root):
    """Readers pass over it, so it does not count as a fault."""
    write_image('a', grays(), exif=b'Exif\0\0no header')
    assert notes() == []


def test_transparent_images(root):
    """The colors that nobody has seen are trained on."""
    image = np.dstack([grays()] * 4)
    write_image('b', image)
    Image.fromarray(grays()).quantize(16).save('images/d.png', transparency=0)
    (line,) = notes()
    assert line.startswith('images/b.png and 1 more: partly transparent')
    assert notes(dict(color_type='unchanged')) == []
