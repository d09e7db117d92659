"""The pages of the methods, ``configs/*/README.md``."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_gist.self_training.stage import Stage

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [
    'classmix',
    'cutmix',
    'dmt',
    'gist',
    's4gan',
    'st',
    'supervised',
    'unimatch_v2',
]


@pytest.mark.parametrize('folder', FOLDERS)
def test_the_page_links_to_every_config_and_nowhere_else(folder):
    page = ROOT / 'configs' / folder / 'README.md'
    links = re.findall(r'\]\((?!https://)([^)#]+)(?:#[^)]*)?\)', page.read_text())
    files = {(page.parent / link).resolve() for link in links}
    assert all(file.is_file() for file in files)
    linked = {file for file in files if file.suffix == '.py'}
    assert linked == set(page.parent.glob('*.py'))


def numbers(cell: str) -> list[int]:
    return [int(number.replace(',', '')) for number in re.findall('[0-9,]+', cell)]


@pytest.mark.slow
@pytest.mark.parametrize('folder', FOLDERS)
def test_the_row_of_a_config_says_what_it_is(folder):
    """Labeled part, crop size and iterations, of the first config in each row."""
    text = (ROOT / 'configs' / folder / 'README.md').read_text()
    rows = [line.split(' | ') for line in text.splitlines() if '.py)' in line]
    assert rows
    for row in rows:
        name = re.search(r'\]\(([^)]+\.py)\)', row[-1])[1]
        if 'shapes' not in name:
            assert f'_{row[1].replace("/", "-")}' in name
        cfg = Config.fromfile(ROOT / 'configs' / folder / name)
        assert numbers(row[3]) == list(cfg.crop_size)
        settings = cfg.train_cfg
        iters = [settings.get('max_iters') or Stage(cfg).iters]
        iters += [Stage(cfg, ('P',)).iters] if 'policy' in settings else []
        assert numbers(row[4]) == iters
