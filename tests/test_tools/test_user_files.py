"""Nothing that a user brought is written to, by any tool and any kind of run."""

import hashlib
from pathlib import Path

import pytest
import torch
import warm
from PIL import Image
from semi import ALGORITHMS, LOOP
from tiny import ROOT, write_tiny

# Nothing of these names is made again by another id.
NAMES = ['scan0', 'scan0_confidence', 'scan0_confidence_', '100% {a} "b"', "it's"]
POLICY = """
train_cfg['policy'] = dict(type='PolicySet', policies=dict(
    fixed=dict(type='FixedPath', path='PL'),
    mixed=dict(type='FIST', num_stages=1, alpha=0.5)))
"""


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
        result = warm.run(ROOT / f'tools/{tool}.py', *args, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert content(user) == before, tool
        return result

    return run


def test_self_training_and_what_reads_it(user, tmp_path, run):
    run('train', user / 'tiny.py', '--work-dir', 'run')
    stages = tmp_path / 'run/stages'
    assert {path.name for path in stages.iterdir()} == {'0', 'P', 'PL', '0.5'}
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
    run('analysis/bloat', 'run', '--path', 'P')

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
    result = warm.run(ROOT / 'tools/test.py', *arguments, cwd=tmp_path)
    assert result.returncode == 1
    line = f'{user}/{kind}/test/v0/0.png: is an input, of test_dataloader: choose'
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
