"""tools/dataset_converters/folder.py: from two folders to a training."""

import importlib
import json
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from mmseg_gist.datasets.data_check import check_datasets
from mmseg_gist.utils import UserError

ROOT = Path(__file__).parents[2]
CLASSES = ('a', 'b', 'c')
RGB = [[10, 20, 30], [200, 0, 0], [0, 0, 200]]
COLORS = '10 20 30 a\n200 0 0 b\n201 0 0 b\n0 0 200\tc\n0 0 0 ignore\n'


@pytest.fixture
def tool(monkeypatch):
    """Import a converter by its name, with its neighbors in reach."""
    monkeypatch.syspath_prepend(ROOT / 'tools/dataset_converters')
    return importlib.import_module


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Ten images 0.png to 9.png of 32 x 24, labels for the first six."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for index in range(10):
        save(f'images/{index}.png', rng.integers(0, 256, (24, 32, 3)))
        if index < 6:
            save(f'labels/{index}.png', rng.integers(0, 3, (24, 32)))
    return tmp_path


def save(path, content, **kwargs):
    """Save an array as an image, colors in RGB order."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.uint8(content)).save(path, **kwargs)


def run(tool, *args, dev=2, classes='a,b,c'):
    tool('folder').main(
        ['images', 'labels', '--classes', classes, '--dev', str(dev)]
        + ['--out', 'out', *args]
    )


def faults(tool, *args, **kwargs):
    """What is printed where there are faults, line by line."""
    with pytest.raises(SystemExit) as stop:
        run(tool, *args, **kwargs)
    assert not Path('out').exists()
    *lines, last = stop.value.code.splitlines()
    count = 'one fault' if len(lines) == 1 else f'{len(lines)} faults'
    assert last == f'{count}: nothing was written'
    return lines


def lists():
    return {path.stem: path.read_text().split() for path in Path('out').glob('*.txt')}


def written_sets():
    """What :func:`check_datasets` finds of the config, images by set."""
    cfg = Config.fromfile('out/out_rist.py')
    cfg.model = dict()
    report = check_datasets(cfg)['sets']
    return {name: each['images'] for name, each in report.items()}


# ------------------------------------------------------------- common things


def test_links_are_followed(tool, folders, capsys):
    """A folder on another disk; one that is there twice is used once."""
    Path('disk').mkdir()
    for index in (7, 8, 9):
        Path(f'images/{index}.png').rename(f'disk/{index}.png')
    Path('images/video').symlink_to('../disk')
    Path('images/again').symlink_to('../disk')
    Path('labels').rename('masks')
    Path('labels').symlink_to('masks')
    run(tool)
    assert lists()['unlabeled'] == ['6', 'again/7', 'again/8', 'again/9']
    assert 'other images: 3, such as video/7 of again/7.' in capsys.readouterr().out
    assert written_sets() == dict(train=4, unlabeled=4, val=2)


def test_a_link_without_end(tool, folders):
    Path('disk').mkdir()
    Path('images/disk').symlink_to('../disk')
    Path('disk/back').symlink_to('../images')
    with pytest.raises(
        UserError, match='^images/disk/back: is a link back to .*remove'
    ):
        run(tool)
    Path('disk/back').unlink()
    Path('disk/gone').symlink_to('nowhere')
    (line,) = faults(tool)
    assert line.startswith('images/disk/gone: is not an image')


def test_images_of_several_suffixes(tool, folders):
    """Two of them differ in it alone; masks too have two."""
    Path('labels/5.png').rename('labels/5.PNG')
    for index in (4, 5, 8):
        Image.open(f'images/{index}.png').save(f'images/{index}.jpg')
        if index < 8:
            Path(f'images/{index}.png').unlink()
    run(tool)
    assert lists()['unlabeled'] == ['6.png', '7.png', '8.jpg', '8.png', '9.png']
    named = {path.name for path in Path('out/labels').iterdir()}
    assert named == {'0.png.png', '1.png.png', '2.png.png', '3.png.png'} | {
        '4.jpg.png', '5.jpg.png',
    }  # fmt: skip
    assert Path('out/labels/5.jpg.png').resolve() == folders / 'labels/5.PNG'
    assert written_sets() == dict(train=4, unlabeled=5, val=2)


def test_repeated_frames(tool, folders, capsys):
    """One is used, one with a label if there is any."""
    for copy, of in (('night', 7), ('night2', 7), ('0a', 3), ('33', 3)):
        Image.open(f'images/{of}.png').save(f'images/{copy}.png', compress_level=0)
    Path('labels/33.png').write_bytes(Path('labels/3.png').read_bytes())
    run(tool)
    found = lists()
    assert found['unlabeled'] == ['6', '7', '8', '9']
    assert sorted(found['labeled'] + found['dev']) == [*'012345']
    assert 'other images: 4, such as 33 of 3.' in capsys.readouterr().out


@pytest.mark.parametrize('name', ["it's", '100% "q" {a} {{b}} [c] $d; é'])
def test_names_of_all_kinds(tool, folders, monkeypatch, name):
    Path(name).mkdir()
    for folder in ('images', 'labels'):
        Path(folder).rename(f'{name}/{folder}')
    monkeypatch.chdir(name)
    for file in ('images/0.png', 'labels/0.png', 'images/9.png'):
        path = Path(file)
        target = path.parent / name / f'{path.stem} {name}.png'
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    run(tool, classes=f'a,b,{name}')
    assert written_sets() == dict(train=4, unlabeled=4, val=2)
    cfg = Config.fromfile('out/out_rist.py')
    assert cfg.metainfo.classes == ('a', 'b', name)


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'latin-1'])
def test_text_of_editors(tool, folders, encoding):
    """The names of the classes and of their colors."""
    Path('names').write_bytes('forêt\r\n\r\neau, pluie\r\n'.encode(encoding))
    colors = '0 0 0 forêt\r\n1 1 1 eau, pluie\r\n2 2 2 ignore\r\n'
    Path('colors').write_bytes(colors.encode(encoding))
    if encoding == 'latin-1':
        for arguments in (('names',), ('forêt,b', '--colors', 'colors')):
            classes, *rest = arguments
            with pytest.raises(UserError, match='is not UTF-8 text .*: save it as'):
                run(tool, *rest, classes=classes)
    else:
        run(tool, '--colors', 'colors', classes='names')
        cfg = Config.fromfile('out/out_rist.py')
        assert cfg.metainfo.classes == ('forêt', 'eau, pluie')


# ------------------------------------------------------------------- the faults


def break_everything():
    """One of each fault that needs no --colors; docs/own_data.md shows them."""
    Path('images/notes.txt').write_text('a note')
    Path('images/scan.png').write_text('no picture')
    Image.open('images/3.png').save('images/copy.png', compress_level=0)
    save('labels/copy.png', np.zeros((24, 32)))
    save('images/5.jpg', np.full((24, 32, 3), 99))
    save('labels/0.png', np.zeros((20, 32)))
    save('labels/1.png', np.zeros((24, 32, 3)))
    values = np.zeros((24, 32))
    values[0, :2] = 3, 9
    save('labels/2.png', values)
    save('labels/10.png', np.zeros((24, 32)))
    save('labels/3.jpg', np.zeros((24, 32)))


FAULTS = """\
images/notes.txt: is not an image (.jpg, .jpeg, .png): convert it, or take it out of \
the folder
images/scan.png: cannot be read (cannot identify image file 'images/scan.png'): \
replace it
labels/0.png: is 32 x 20, but its image images/0.png is 32 x 24: resize one of the two
labels/1.png: is a color image (RGB), not a map of class indices: name the class \
of each color in --colors FILE
labels/10.png: there is no image images/10.*: give the label the name of its image, or \
take it out
labels/2.png: has values 3, 9 (2 pixels), but only 0 to 2 and 255 (ignored) are \
allowed: correct them, or add classes to --classes
labels/3.jpg: is not a label (.png): convert it, or take it out of the folder
labels/5.png: does not belong to exactly one image (images/5.jpg and images/5.png): \
give each image and its label a unique name
labels/copy.png: differs from labels/3.png, which labels the same picture: correct \
one, or take it out with its image
"""


def test_all_faults_at_once(tool, folders):
    break_everything()
    found = faults(tool)
    assert found == FAULTS.splitlines()
    page = (ROOT / 'docs/own_data.md').read_text()
    assert '\n'.join([*found, '9 faults: nothing was written']) in page


def cut(path, share):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_a_file_that_breaks_off(tool, folders, suffix):
    """OpenCV would fill the rest of a JPEG with gray."""
    for path in Path('images').glob('*'):
        with Image.open(path) as image:
            image.save(path.with_suffix(suffix))
        if suffix != '.png':
            path.unlink()
    cut(f'images/7{suffix}', 0.8)
    cut('labels/5.png', 0.8)
    image, label = faults(tool)
    assert re.fullmatch(rf'images/7\{suffix}: cannot be read \(.*\): replace it', image)
    assert re.fullmatch(r'labels/5\.png: cannot be read \(.*\): replace it', label)


def test_a_photo_that_is_stored_lying(tool, folders):
    """As cameras do; a label drawn on the photo as it is seen fits."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    with Image.open('images/0.png') as image:
        image.save('images/0.png', exif=exif)
    (line,) = faults(tool)
    assert line == (
        'labels/0.png: is 32 x 24, but its image images/0.png is 24 x 32: turn one '
        'of the two'
    )
    save('labels/0.png', np.tile([0, 1, 2], (32, 8)))
    run(tool)


def test_what_training_would_not_see(tool, folders, capsys):
    """Square photos turned on their side, 12 bits, and a label turned by EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 3
    with Image.open('images/0.png') as image:
        image.save('images/0.png', exif=exif)
    values = np.linspace(0, 4095, 24 * 32, dtype=np.uint16).reshape(24, 32)
    for name in '789':
        Image.fromarray(values + np.uint16(name)).save(f'images/{name}.png')
    run(tool)
    out = capsys.readouterr().out
    assert 'images/0.png: stored turned (EXIF orientation 3); training turns' in out
    assert 'images/7.png and 2 more: values up to 4102, 13 bits, which training' in out

    with Image.open('labels/0.png') as label:
        label.save('labels/0.png', exif=exif)
    for path in Path('out').iterdir():
        path.unlink()
    Path('out').rmdir()
    (line,) = faults(tool)
    assert line.startswith('labels/0.png: is stored turned (EXIF orientation 3)')


def test_images_of_16_bits_differ(tool, folders, capsys):
    """Where all their values are above 255, too."""
    rng = np.random.default_rng(0)
    for path in Path('images').iterdir():
        values = rng.integers(256, 2**16, (24, 32), dtype=np.uint16)
        Image.fromarray(values).save(path)
    Path('images/7.png').write_bytes(Path('images/8.png').read_bytes())
    run(tool)
    assert 'copies of other images: 1, such as 8 of 7.' in (capsys.readouterr().out)


def test_wide_values_do_not_wrap_around(tool, folders):
    Image.fromarray(np.full((24, 32), 256, np.uint16)).save('labels/4.png')
    (line,) = faults(tool)
    assert line.startswith('labels/4.png: has values 256 (768 pixels), but only')


def test_a_name_that_ends_in_a_blank(tool, folders):
    Path('images/9.png').rename('images/9 .png')
    assert faults(tool) == ['images/9 .png: the name ends in blanks: rename it']


def test_a_class_of_255(tool, folders):
    """Masks of black and white, as many tools write them."""
    for path in Path('labels').iterdir():
        save(path, np.tile([0, 255], (24, 16)))
    assert faults(tool, classes='ground,cat') == [
        'labels: only ground has pixels, all others are ignored (255): give each '
        'class its own value, 0 to 1'
    ]


def test_a_name_that_no_list_can_hold(tool, folders):
    Path('images/9.png').rename('images/9\n9.png')
    Path('images/8.png').rename(os.fsdecode(b'images/\xe9.png'))  # Latin-1
    assert faults(tool) == [
        f"'images/{name}.png': the name has a line break or is not UTF-8, so no "
        'list can hold it: rename it'
        for name in (r'9\n9', r'\udce9')
    ]


def test_hidden_files_do_not_count(tool, folders):
    Path('images/.DS_Store').write_text('')
    Path('labels/._0.jpg').write_text('')
    run(tool)


@pytest.mark.parametrize(
    'args, message',
    [
        (['--classes', 'a'], '--classes a: 2 to 255 names are needed'),
        (['--classes', 'a,b,a'], '--classes: a is listed twice'),
        (
            ['--classes', 'a,ignore'],
            'ignore is listed twice, or is reserved for',
        ),
        (['--dev', '0'], '--dev 0: must be at least 1'),
        (['--test', '-1'], '--test -1: must be at least 1'),
        (['--out', 'images/x'], 'images/x: is inside images, which must not change'),
        (['--out', '.'], '.: already exists: choose another --out'),
        (['--dev', '6'], '6 labeled images are too few for --dev 6 and at least one'),
        (['--dev', '4', '--test', '2'], 'too few for --dev 4, --test 2 and at least'),
        (['--group-by', '('], r"--group-by: '(' is not a regular expression"),
        (['--group-by', '[0-8]'], 'not found in 1 of 10 images, such as 9'),
        (['--group-by', '^'], 'without any of the 1 labeled groups left, no image'),
        (['--colors', 'none'], 'none: no such file of colors'),
    ],
)
def test_wrong_arguments(tool, folders, args, message):
    with pytest.raises(UserError, match=re.escape(message)):
        run(tool, *args)
    assert not Path('out').exists()


def test_folders_that_cannot_be(tool, folders):
    main = tool('folder').main
    rest = ['--classes', 'a,b', '--dev', '1', '--out', 'out']
    Path('empty').mkdir()
    for images, labels, message in (
        ('none', 'labels', 'none: no such folder of images'),
        ('images', 'none', 'none: no such folder of labels'),
        ('images', 'empty', 'empty: no labels (.png) in this folder'),
        (
            'images',
            'images',
            'images: is inside images: put images and labels',
        ),
        ('.', 'labels', 'labels: is inside .: put images and labels into two'),
    ):
        with pytest.raises(UserError, match=re.escape(message)):
            main([images, labels, *rest])


def test_every_image_has_a_label(tool, folders):
    for index in range(6, 10):
        Path(f'images/{index}.png').unlink()
    with pytest.raises(UserError, match='no image without a label is left'):
        run(tool)


@pytest.mark.parametrize(
    'line, message',
    [
        ('1 2 3', "'' is not a class"),
        ('1 2 x a', 'line 6: is not of the form R G B CLASS'),
        ('1 2 256 a', 'line 6: is not of the form R G B CLASS'),
        ('1 2 3 d', "line 6: 'd' is not a class"),
        ('0 0 200 a', 'line 6: an earlier line has the color 0, 0, 200 too'),
    ],
)
def test_wrong_color_files(tool, folders, line, message):
    Path('colors.txt').write_text(f'{COLORS}{line}\n')
    with pytest.raises(UserError, match=re.escape(message)):
        run(tool, '--colors', 'colors.txt')


def test_a_class_without_a_color(tool, folders):
    Path('colors.txt').write_text(COLORS)
    with pytest.raises(UserError, match=r'colors\.txt: has no color for d: add one'):
        run(tool, '--colors', 'colors.txt', classes='a,b,c,d')


# -------------------------------------------------------------------- the split


def test_nothing_in_common_and_a_seed(tool):
    split = tool('folder_split').split
    images = [f'{index:02}' for index in range(40)]
    classes = {name: {0} for name in images[:20]}
    numbers = dict(dev=6, test=4)
    sets = split(images, classes, numbers, seed=1)
    assert {key: len(names) for key, names in sets.items()} == dict(
        dev=6, test=4, labeled=10, unlabeled=20
    )
    assert sorted(sum(sets.values(), [])) == images
    assert sets['unlabeled'] == images[20:]
    assert split(images[::-1], classes, numbers, seed=1) == sets
    assert split(images, classes, numbers, seed=2) != sets


def test_every_class_is_in_every_set(tool):
    """Class 2 is in three of 60 images, class 3 in two, class 4 in one."""
    split = tool('folder_split').split
    images = [f'{index:02}' for index in range(70)]
    classes = {name: {0, 1} for name in images[:60]}
    for index, names in {2: ('07', '23', '41'), 3: ('05', '50'), 4: ('30',)}.items():
        for name in names:
            classes[name] = classes[name] | {index}
    for seed in range(20):
        sets = split(images, classes, dict(dev=5, test=5), seed=seed)
        held = {
            key: set().union(*(classes[name] for name in sets[key]))
            for key in ('labeled', 'dev', 'test')
        }
        assert held == dict(labeled={0, 1, 2, 3, 4}, dev={0, 1, 2, 3}, test={0, 1, 2})
        assert len(sets['dev']) == len(sets['test']) == 5


def test_the_last_image_of_a_class_is_trained_on(tool):
    """Even if then fewer are drawn than asked."""
    draw = tool('folder_split').draw
    classes = dict(a={0, 1}, b={0, 1}, c={0, 2}, d={0})
    groups = {name: [name] for name in classes}
    for seed in range(10):
        drawn = draw(groups, classes, 3, random.Random(seed))
        assert sorted(drawn) in (['a', 'd'], ['b', 'd'])


def test_groups_are_not_parted(tool):
    split = tool('folder_split').split
    images = [f'{video}/{index}' for video in 'abcdef' for index in range(10)]
    classes = {name: {0, 1} for name in images if int(name[-1]) < 4 and name[0] < 'f'}
    sets = split(images, classes, dict(dev=8, test=5), r'^(.)/')
    videos = {key: {name[0] for name in names} for key, names in sets.items()}
    assert len(videos['dev']) == 2  # eight images
    assert len(videos['test']) == 1  # four are nearer to five than eight
    assert videos['labeled'] == set('abcde') - videos['dev'] - videos['test']
    assert videos['unlabeled'] == videos['labeled'] | {'f'}
    assert len(sets['unlabeled']) == 2 * 6 + 10


@pytest.mark.parametrize(
    'number, totals',
    [(1, {3}), (5, {3}), (10, {10, 13}), (13, {13}), (50, {13}), (90, {113})],
)
def test_the_total_comes_near(tool, number, totals):
    """Groups of 3, 10, 100 and 200 images; one of them is left to train on."""
    draw = tool('folder_split').draw
    sizes = (3, 10, 100, 200)
    groups = {str(size): [f'{size}_{i}' for i in range(size)] for size in sizes}
    classes = {name: {0} for names in groups.values() for name in names}
    found = {
        sum(map(int, draw(groups, classes, number, random.Random(seed))))
        for seed in range(20)
    }
    assert found == totals


def test_the_group_is_in_the_brackets(tool):
    group_ids = tool('folder_split').group_ids
    assert group_ids(['a1_7', 'b2_7'], r'_(\d)') == {'a1_7': '7', 'b2_7': '7'}
    assert group_ids(['a1_7', 'b2_7'], r'^.\d') == {'a1_7': 'a1', 'b2_7': 'b2'}
    assert group_ids(['a', 'b'], None) == {'a': 'a', 'b': 'b'}


# ----------------------------------------------------------- what is written


def contents(*names):
    return {
        path: path.read_bytes()
        for name in names
        for path in Path(name).rglob('*')
        if path.is_file()
    }


def test_index_labels_stay_where_they_are(tool, folders, capsys):
    before = contents('images', 'labels')
    run(tool, '--test', '1')
    assert contents('images', 'labels') == before
    assert sorted(path.name for path in Path('out').iterdir()) == sorted(
        ['dataset.py', 'out_rist.py']
        + [f'{name}.txt' for name in ('labeled', 'dev', 'unlabeled', 'test')]
    )
    assert {key: len(ids) for key, ids in lists().items()} == dict(
        labeled=3, dev=2, unlabeled=4, test=1
    )
    printed = capsys.readouterr().out.splitlines()
    assert (
        'out: 3 labeled, 2 development, 4 unlabeled, 1 test images of 3 classes'
        in printed
    )
    assert '| a           |       3 |           2 |    1 |' in printed
    assert printed[-1] == 'Train with: python tools/train.py out/out_rist.py'

    report = check_datasets(Config.fromfile('out/out_rist.py'))
    assert report['classes'] == CLASSES
    assert {key: each['images'] for key, each in report['sets'].items()} == dict(
        train=3, unlabeled=4, val=2, test=1
    )


def test_what_a_split_lacks_is_told(tool, folders, capsys):
    save('labels/0.png', np.tile([0, 1, 2, 3], (24, 8)))
    run(tool, dev=5, classes='a,b,c,d,e')
    printed = capsys.readouterr().out
    assert 'The development set has no d, so its IoU is not measured there' in printed
    assert 'No label has e: it cannot be learned.' in printed
    assert 'instead of 5' not in printed  # the image with d is the one that trains
    assert lists()['labeled'] == ['0']


def test_groups_are_told(tool, folders, capsys):
    for index in range(10):
        for name in ('images', 'labels'):
            if Path(f'{name}/{index}.png').exists():
                target = Path(f'{name}/{"xyz"[index % 3]}/{index}.png')
                target.parent.mkdir(exist_ok=True)
                Path(f'{name}/{index}.png').rename(target)
    run(tool, '--group-by', '^[xyz]', dev=1)
    printed = capsys.readouterr().out
    (video,) = {name[0] for name in lists()['dev']}
    others = {name[0] for name in lists()['labeled'] + lists()['unlabeled']}
    assert others == set('xyz') - {video}
    assert 'The development set has 2 images instead of 1: groups stay whole' in printed
    out = 2 if video == 'x' else 1  # of 6 to 9, x has 6 and 9
    assert f'{out} images without labels are in no list' in printed


def test_the_palette_is_that_of_the_labels(tool, folders):
    for path in Path('labels').iterdir():
        with Image.open(path) as image:
            label = np.asarray(image)
        image = Image.fromarray(label)
        image.putpalette(np.uint8(RGB).tobytes())
        image.save(path)
    run(tool)
    assert Config.fromfile('out/dataset.py').metainfo.palette == RGB


def test_gray_labels_get_a_palette(tool, folders):
    run(tool)
    palette = Config.fromfile('out/dataset.py').metainfo.palette
    assert len({tuple(color) for color in palette}) == 3
    many = tool('folder').default_palette(255)
    assert len({tuple(color) for color in many}) == 255
    assert 0 <= np.min(many) <= np.max(many) <= 255


def paint():
    """Turn the labels into colors; 0.png and 1.png of them into palette files."""
    for path in Path('labels').iterdir():
        with Image.open(path) as image:
            rgb = np.uint8(RGB)[np.asarray(image)]
        rgb[0, :2] = (201, 0, 0), (0, 0, 0)
        save(path, rgb)
    for index in (0, 1):
        with Image.open(f'labels/{index}.png') as image:
            image.quantize(8).save(f'labels/{index}.png')
    Path('colors.txt').write_text(COLORS)


def test_colors_become_indices(tool, folders):
    truth = {}
    for path in Path('labels').iterdir():
        with Image.open(path) as image:
            truth[path.name] = np.array(image)
            truth[path.name][0, :2] = 1, 255
    paint()
    before = contents('images', 'labels')
    run(tool, '--colors', 'colors.txt')
    assert contents('images', 'labels') == before
    assert len(truth) == 6
    for name, label in truth.items():
        with Image.open(f'out/labels/{name}') as image:
            assert image.mode == 'P'
            assert image.getpalette()[:9] == sum(RGB, [])
            assert np.array_equal(np.asarray(image), label)
    assert Config.fromfile('out/dataset.py').metainfo.palette == RGB


def test_colors_that_no_line_names(tool, folders):
    paint()
    Path('colors.txt').write_text(COLORS.replace('0 0 0 ignore\n', ''))
    found = faults(tool, '--colors', 'colors.txt')
    assert found == [
        f'labels/{index}.png: has colors that colors.txt does not name, such as '
        f'0, 0, 0 (1 pixels in all): add them there, with their class or ignore'
        for index in range(6)
    ]


@pytest.mark.parametrize(
    'sizes, long_side, crop_size, test_size',
    [
        ([(480, 360)], 481, (321, 321), (369, 481)),
        ([(500, 375), (375, 500)], 497, (337, 337), (497, 497)),
        ([(4000, 3000)] * 2 + [(60, 40)], 513, (337, 337), (385, 513)),
        ([(1000, 100)], 513, (65, 337), (65, 513)),
        ([(97, 97)], 97, (65, 65), (97, 97)),
    ],
)
def test_sizes(tool, sizes, long_side, crop_size, test_size):
    """All sides are 16 k + 1, and the resized images fit in."""
    assert tool('folder_config').choose_sizes(sizes) == dict(
        long_side=long_side, crop_size=crop_size, test_size=test_size
    )


@pytest.mark.slow
def test_the_config_trains(tool, folders):
    """Through the real loop, with masks of colors and without a test set."""
    paint()
    run(tool, '--colors', 'colors.txt')
    cfg = Config.fromfile('out/out_rist.py')
    assert cfg.train_cfg.policy.type == 'RIST'
    cfg.merge_from_dict(
        {
            'work_dir': str(folders / 'work'),
            'default_hooks.report.enable': False,
            'train_cfg.initial_iters': 2,
            'train_cfg.stage_iters': 2,
            'train_cfg.policy': dict(_delete_=True, type='FixedPath', path='PL'),
            **{
                f'{name}_dataloader.{key}': value
                for name in ('train', 'unlabeled', 'val')
                for key, value in dict(num_workers=0, persistent_workers=False).items()
            },
        }
    )
    Runner.from_cfg(cfg).train()
    record = json.loads((folders / 'work/record.json').read_text())
    assert [stage['path'] for stage in record['stages']] == ['0', 'P', 'PL']
    for stage in record['stages']:
        assert stage['status'] == 'finished'
        assert stage['test'] is None
        assert 0 <= stage['dev']['mIoU'] <= 100
    pseudo = sorted((folders / 'work/stages/0/pseudo_labels').glob('?.png'))
    assert [path.stem for path in pseudo] == lists()['unlabeled']
    with Image.open(pseudo[0]) as image:
        assert image.size == (32, 24)
        assert image.getpalette()[:9] == sum(RGB, [])


def test_another_model_as_the_config_tells(tool, folders):
    run(tool)
    text = Path('out/out_rist.py').read_text()
    text = text.replace('deeplabv3plus_efficientnet-lite0.py', 'segformer_mit-b0.py')
    head, rest = text.split('    data_preprocessor=dict(')
    text = head + rest[rest.index('    decode_head') :]
    Path('out/other.py').write_text(text)
    cfg = Config.fromfile('out/other.py')
    assert cfg.model.backbone.type == 'MixVisionTransformer'
    assert cfg.model.data_preprocessor.size_divisor == 1
    check_datasets(cfg)  # the number of classes is that of the data
