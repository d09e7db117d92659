"""Nothing that a user brought is written to, by any tool and any kind of run."""

import hashlib
import importlib
import shutil
from pathlib import Path

import forked
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from tiny import ROOT, write_tiny
from tiny_semi_supervised import ALGORITHMS, LOOP

pytestmark = pytest.mark.slow

# Nothing of these names is made again by another id.
NAMES = ['scan0', 'scan0_confidence', 'scan0_confidence_', '100% {a} "b"', "it's"]
POLICY = """
train_cfg['policy'] = dict(type='PolicySet', policies=dict(
    fixed=dict(type='FixedPath', path='PPL'),
    mixed=dict(type='FIST', num_stages=1, alpha=0.5)))
"""
# Stage 0 of one setting is another training; people labeled the unlabeled images, too.
EXPERIMENT = """
unlabeled_dataloader['dataset']['ann_file'] = 'hidden.txt'
train_cfg['policy'] = dict(type='FixedPath', path='P')
experiment = dict(seeds=[0], settings=dict(
    ours={},
    theirs={'stage_0': 'FOLDER/ClassMix.py', 'train_cfg.policy.path': '0'}))
"""


def write_downloads(folder: Path) -> None:
    """One image of each part of CamVid, Cityscapes and VOC as they are downloaded."""

    def save(name: str, *shape: int) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ones(shape, np.uint8)).save(folder / name)

    for part in ('train', 'val', 'test'):
        save(f'camvid/{part}/0.png', 6, 8, 3)
        save(f'camvid/{part}annot/0.png', 6, 8)
        save(f'cityscapes/leftImg8bit/{part}/x/0_leftImg8bit.png', 4, 8, 3)
        save(f'cityscapes/gtFine/{part}/x/0_gtFine_labelIds.png', 4, 8)
    for name in 'abc':
        save(f'voc/JPEGImages/{name}.jpg', 6, 8, 3)
    save('voc/SegmentationClass/a.png', 6, 8)
    save('aug/b.png', 6, 8)
    (folder / 'sbd').mkdir()
    label = dict(Segmentation=np.ones((6, 8), np.uint8))
    savemat(folder / 'sbd/c.mat', dict(GTcls=label))
    (folder / 'ids.txt').write_text('a\nb\nc\n')


@pytest.fixture(scope='module')
def user(tmp_path_factory) -> Path:
    """The tiny data, with absolute ids of unlabeled images in folders of their own.

    So the folder that the config names for them has none of them.
    """
    folder = tmp_path_factory.mktemp('user')
    config = write_tiny(folder)
    with config.open('a') as file:
        file.write(POLICY)
    for algorithm, settings in ALGORITHMS.items():
        (folder / f'{algorithm}.py').write_text(config.read_text() + LOOP + settings)
    (folder / 'experiment.py').write_text(
        config.read_text() + EXPERIMENT.replace('FOLDER', str(folder))
    )
    for kind in ('images', 'labels'):
        for i in range(4):
            file = folder / f'{kind}/labeled{i}.png'
            shutil.copy(file, file.with_name(f'hidden{i}.png'))
    (folder / 'hidden.txt').write_text(''.join(f'hidden{i}\n' for i in range(4)))
    write_downloads(folder / 'downloads')
    (folder / 'pool/other').mkdir(parents=True)
    ids = [*NAMES, *(f'other/{name}' for name in NAMES), '0', '1']
    for index, name in enumerate(ids):
        file = folder / f'images/unlabeled{index}.png'
        file.rename(folder / f'pool/{name}.png')
    (folder / 'unlabeled.txt').write_text(
        ''.join(f'{folder}/pool/{name}\n' for name in ids)
    )
    for name in ('dev', 'test'):  # frames of the same name
        (folder / f'{name}.txt').write_text(''.join(f'{name}/v{i}/0\n' for i in '012'))
        for kind in ('images', 'labels'):
            for i in range(3):
                target = folder / f'{kind}/{name}/v{i}/0.png'
                target.parent.mkdir(parents=True)
                (folder / f'{kind}/{name}{i}.png').rename(target)
    for kind, suffix in (('images', 'jpg'), ('labels', 'png')):
        (folder / 'own' / kind).mkdir(parents=True)
        for i in range(4):
            file = folder / f'own/{kind}/{i}.{suffix}'
            Image.open(folder / f'{kind}/labeled{i}.png').save(file)
    Image.open(folder / 'pool/0.png').save(folder / 'own/images/4.png')
    return folder


def content(folder: Path) -> dict[str, str]:
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob('*'))
        if file.is_file()
    }


@pytest.fixture
def run(user, tmp_path):
    """Run a tool in an empty folder and look at the user's afterwards."""

    def run(tool, *args):
        before = content(user)
        result = forked.run(ROOT / f'tools/{tool}.py', *args, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert content(user) == before, tool
        return result

    return run


def test_self_training_and_what_reads_it(user, tmp_path, run):
    run('train', user / 'tiny.py', '--work-dir', 'run')
    stages = tmp_path / 'run/stages'
    assert {path.name for path in stages.iterdir()} == {'0', 'P', 'PP', 'PPL', '0.5'}
    labels = {
        str(file.relative_to(stages / '0/pseudo_labels'))
        for file in (stages / '0/pseudo_labels').rglob('*.png')
    }
    drawn = {file for file in labels if f'{file[:-4]}_confidence.png' in labels}
    assert len(labels) == 2 * len(drawn)
    assert all(file.startswith('pool/') for file in labels)

    run('analysis/report', 'run')
    run('analysis/dev_areas', 'run')
    run('analysis/label_shares', 'run', 'P', '--out', 'grid')
    run('analysis/class_shares', 'run', '--path', 'P')
    run('analysis/reliability', 'run', 'PP')

    checkpoint = 'run/stages/0/checkpoint.pth'
    arguments = ['--work-dir', 'test', '--out', 'out', '--show-dir', 'shown', '--tta']
    run('test', user / 'tiny.py', checkpoint, *arguments)
    for folder, size in (('out', (32, 24)), ('shown', (64, 24))):
        files = {
            str(file.relative_to(tmp_path / folder)): Image.open(file).size
            for file in (tmp_path / folder).rglob('*.png')
        }
        assert files == {f'test/v{i}/0.png': size for i in range(3)}


@pytest.mark.parametrize('option', ['--out', '--show-dir'])
@pytest.mark.parametrize('kind', ['images', 'labels'])
def test_predictions_are_not_written_over_inputs(user, tmp_path, option, kind):
    before = content(user)
    torch.save({}, tmp_path / 'random.pth')
    arguments = (user / 'tiny.py', 'random.pth', option, user / kind)
    result = forked.run(ROOT / 'tools/test.py', *arguments, cwd=tmp_path)
    assert result.returncode == 1
    line = f'{user}/{kind}/test/v0/0.png: is an input of test_dataloader: choose'
    assert result.stderr.splitlines()[-1] == f'{line} another {option}'
    assert content(user) == before


@pytest.mark.parametrize('algorithm', ALGORITHMS)
def test_semi_supervised_training(user, run, algorithm):
    run('train', user / f'{algorithm}.py')


def test_what_reads_data(user, run):
    run('check_data', user / 'tiny.py')
    run(
        'dataset_converters/folder', user / 'own/images', user / 'own/labels',
        '--classes', 'a,b,c', '--dev', 2, '--out', 'split',
    )  # fmt: skip
    run(
        'dataset_converters/splits', user / 'pool', '--labeled', 2, '--dev', 2,
        '--out', 'lists',
    )  # fmt: skip


def test_an_experiment_and_the_labels_of_its_hidden_images(user, tmp_path, run):
    run('experiment', user / 'experiment.py')
    assert (tmp_path / 'work_dirs/experiment/theirs/seed_0/record.json').exists()
    run('analysis/label_quality', 'work_dirs/experiment/ours/seed_0', '0')


def test_converters(user, tmp_path, run, monkeypatch):
    downloads = user / 'downloads'
    run('dataset_converters/camvid', downloads / 'camvid')
    sources = [downloads / 'voc', '--lists', downloads / 'ids.txt']
    sources += ['--aug', downloads / 'aug', '--sbd', downloads / 'sbd']
    run('dataset_converters/voc', *sources, '--animals', '--long-side', 4)

    before = content(user)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(ROOT / 'tools/dataset_converters')
        patch.chdir(tmp_path)
        cityscapes = importlib.import_module('cityscapes')
        patch.setattr(cityscapes, 'NUMBERS', dict(train=1, val=1))
        cityscapes.main([str(downloads / 'cityscapes')])
    for name, files in (('camvid', 6), ('cityscapes_half', 4), ('voc_animals', 6)):
        assert len(list((tmp_path / 'data' / name).rglob('*.*g'))) == files
    assert content(user) == before

    # the labels of VOC get one folder, beside those that are there
    done = forked.run(ROOT / 'tools/dataset_converters/voc.py', *sources, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    after = content(user)
    assert before.items() <= after.items()
    folder = downloads / 'voc/SegmentationClassAug'
    assert after.keys() - before.keys() == {f'{folder}/{name}.png' for name in 'abc'}
