import importlib.util
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from setuptools import Distribution

import mmseg_gist

ROOT = Path(__file__).resolve().parents[1]

IMPORT_WITHOUT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)

sys.meta_path.insert(0, Blocker())
{then}
"""


@pytest.fixture(scope='module')
def packaging():
    spec = importlib.util.spec_from_file_location('packaging_file', ROOT / 'setup.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    'name, then',
    [
        ('mmseg', 'import mmseg_gist'),
        ('mmengine', 'import mmseg_gist'),
        ('mmcv', 'import mmseg_gist'),
        ('torch', 'import mmseg_gist'),
        ('mmengine', 'import runpy; runpy.run_path("tools/train.py")'),
    ],
)
def test_import_without_a_family_says_what_to_run(name, then):
    result = subprocess.run(
        [sys.executable, '-c', IMPORT_WITHOUT.format(name=name, then=then)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"ImportError: mmseg_gist finds no module named '{name}': run "
        "`pip install torch==2.13.0` and then `pip install -e '.[onedl]'` "
        "in the project's folder"
    )
    assert 'another exception' not in result.stderr


@pytest.mark.slow
def test_importing_says_nothing():
    """Of optional parts that are missing, nor does a hook that does not draw."""
    code = (
        'import mmseg_gist, mmseg.engine, mmseg.visualization\n'
        "mmseg.visualization.SegLocalVisualizer.get_instance('any')\n"
        'mmseg.engine.SegVisualizationHook()'
    )
    result = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


def test_what_mmengine_saves_loads_with_weights_only(tmp_path):
    """Also the second time: mmengine's own loader takes marks away."""
    from mmengine.runner.checkpoint import load_from_local

    hub = MessageHub.get_instance('saved')
    hub.update_scalar('train/loss', 0.5, 2)
    hub.update_info('eta', np.float64(1.5))
    hub.update_info('best_score', np.float32(0.25))
    hub.update_info('step', np.int64(7))
    file = str(tmp_path / 'iter_1.pth')
    torch.save(dict(message_hub=hub.state_dict()), file)

    load_from_local(file, 'cpu')
    loaded = torch.load(file, weights_only=True)['message_hub']
    assert loaded['runtime_info']['eta'] == np.float64(1.5)
    assert loaded['runtime_info']['best_score'] == np.float32(0.25)
    assert loaded['runtime_info']['step'] == np.int64(7)
    loss = loaded['log_scalars']['train/loss']
    assert isinstance(loss, HistoryBuffer)
    assert loss.mean() == 0.25  # 0.5 counted twice


def test_a_checkpoint_gets_no_other_attributes(tmp_path):
    class Steal:
        def __reduce__(self):
            return getattr, (np.ndarray, 'tofile')

    file = tmp_path / 'iter_1.pth'
    torch.save(Steal(), file)
    with pytest.raises(pickle.UnpicklingError, match="attribute 'tofile'"):
        torch.load(file, weights_only=True)


def make_package(folder: Path) -> Path:
    """A checkout that holds a package, what mim wants and a compiled file."""
    for name in ('mmseg_gist', 'tools/__pycache__', 'configs/gist'):
        (folder / name).mkdir(parents=True)
    (folder / 'mmseg_gist/__init__.py').touch()
    (folder / 'tools/train.py').write_text('first')
    (folder / 'tools/__pycache__/train.pyc').touch()
    (folder / 'configs/gist/a.py').touch()
    return folder


def build(packaging, monkeypatch, checkout: Path, editable: bool) -> Path:
    monkeypatch.chdir(make_package(checkout))
    monkeypatch.setattr(packaging, 'ROOT', checkout)
    attributes = dict(script_name='setup.py', packages=['mmseg_gist'])
    command = packaging.BuildWithMim(Distribution(attributes))
    command.build_lib = 'lib'
    command.ensure_finalized()
    command.editable_mode = editable
    command.run()
    return checkout / ('' if editable else 'lib') / 'mmseg_gist/.mim'


def test_a_wheel_holds_copies_for_mim(packaging, monkeypatch, tmp_path):
    mim = build(packaging, monkeypatch, tmp_path, editable=False)
    assert not any((mim / name).is_symlink() for name in ('tools', 'configs'))
    files = sorted(str(f.relative_to(mim)) for f in mim.rglob('*') if f.is_file())
    assert files == ['configs/gist/a.py', 'tools/train.py']
    assert not (tmp_path / 'mmseg_gist/.mim').exists()


def test_an_editable_install_links_for_mim(packaging, monkeypatch, tmp_path):
    mim = build(packaging, monkeypatch, tmp_path / 'here', editable=True)
    packaging.add_mim_extension(mim.parent, link=True)  # again: nothing breaks
    os.rename(tmp_path / 'here', tmp_path / 'there')
    mim = tmp_path / 'there/mmseg_gist/.mim'
    for name in ('tools/train.py', 'configs/gist/a.py'):
        (tmp_path / 'there' / name).write_text('second')
        assert (mim / name).read_text() == 'second'


def test_ruff_has_one_version():
    """For ``make lint`` and for pre-commit."""
    (version,) = re.findall(r'^ruff==.+', (ROOT / 'constraints.txt').read_text(), re.M)
    hooks = (ROOT / '.pre-commit-config.yaml').read_text()
    assert set(re.findall(r'ruff==[^]]+', hooks)) == {version}


def test_the_changelog_begins_with_the_version():
    first = re.search(r'^## (\S+)', (ROOT / 'CHANGELOG.md').read_text(), re.M)
    assert first[1] == mmseg_gist.__version__


@pytest.mark.slow
def test_packaging_names_the_version_and_never_both_families(tmp_path):
    result = subprocess.run(
        [sys.executable, 'setup.py', '-q', 'egg_info', '-e', str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not result.stdout
    (info,) = tmp_path.glob('*.egg-info')
    assert f'Version: {mmseg_gist.__version__}' in (info / 'PKG-INFO').read_text()
    # what a source distribution, from which a wheel is built, holds besides modules
    sources = (info / 'SOURCES.txt').read_text().splitlines()
    config = 'configs/gist/deeplabv2_voc_1-50_rist.py'
    assert {config, 'constraints.txt', 'tools/train.py'} <= set(sources)
    sections = (info / 'requires.txt').read_text().split('\n\n')
    assert sections[0].strip() == 'numpy'
    families = [s for s in sections if 'mmsegmentation' in s]
    assert sorted(s.splitlines()[0] for s in families) == ['[onedl]', '[openmmlab]']
