"""What the pages for people link to and name is there."""

import re
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), *ROOT.glob('configs/*/*.md')]
)
GUIDES = {page.stem for page in ROOT.glob('docs/*.md')} - {'index'}

LINK = re.compile(r'\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)')
# from the root of the repository: files, folders and patterns of files
PATH = re.compile(
    r'(?<![\w./-])'
    r'(?:benchmarks|configs|docs|mmseg_gist|tests|tools)/(?:[\w./*-]|\{[\w,-]+\})+'
)
# of configs, from their folder
BASE = re.compile(r"'(\.\./[\w./-]+\.py)'")
HEADING = re.compile(r'^#+ (.+)$', re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The names of a page's headings in addresses, as GitHub and MyST make them."""
    headings = HEADING.findall(re.sub(r'(?ms)^```.*?^```$', '', text))
    return {
        re.sub(r'[^\w\- ]', '', name.lower()).replace(' ', '-') for name in headings
    }


def alternatives(pattern: str) -> list[str]:
    """``'a/{b,c}'`` is ``'a/b'`` and ``'a/c'``."""
    parts = re.split(r'\{([\w,-]+)\}', pattern)
    choices = [part.split(',') if i % 2 else [part] for i, part in enumerate(parts)]
    return [''.join(chosen) for chosen in product(*choices)]


def missing(text: str, folder: Path) -> list[str]:
    """What a page in the folder names that is not there."""
    found = []
    for path, anchor in LINK.findall(text):
        target = folder / path
        if not target.exists():
            found.append(path)
        elif anchor and anchor not in anchors(target.read_text() if path else text):
            found.append(f'{path}#{anchor}')
    for named in PATH.findall(text):
        for pattern in alternatives(named.rstrip('.')):
            if not any(ROOT.glob(pattern)):
                found.append(pattern)
    for base in BASE.findall(text):
        if not (ROOT / 'configs/gist' / base).is_file():
            found.append(base)
    return found


@pytest.mark.parametrize(
    'text, expected',
    [
        ('see [this](../LICENSE), [that](gone.md).', ['gone.md']),
        (
            '[a](https://example.org/gone) [b](#a-heading-of-it)\n# A heading, of it\n',
            [],
        ),
        ('[b](#nor-this)\n```\n# nor this\n```\n', ['#nor-this']),
        ('[c](self_training.md#no-such)', ['self_training.md#no-such']),
        ('run `tools/train.py` or tools/gone.py.', ['tools/gone.py']),
        (
            '`configs/gist/*_rist.py`, configs/gist/*_none.py',
            ['configs/gist/*_none.py'],
        ),
        ('in configs/{gist,gone}/*', ['configs/gone/*']),
        ("work_dirs/tools/x, '../gist/gone.py'", ['../gist/gone.py']),
    ],
)
def test_what_is_missing_is_found(text, expected):
    assert missing(text, ROOT / 'docs') == expected


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_all_that_a_page_names_is_there(page):
    copied = {'CONTRIBUTING.md': {'../_base_/models/erfnet_fcn.py'}}  # by the reader
    assert set(missing(page.read_text(), page.parent)) <= copied.get(page.name, set())


def test_each_guide_is_in_the_index_and_in_the_readme():
    tables = re.findall(
        r'```\{toctree\}(.*?)```', (ROOT / 'docs/index.md').read_text(), re.S
    )
    listed = {
        line for table in tables for line in table.split('\n') if line[:1].isalpha()
    }
    assert listed == GUIDES | {'api'}
    linked = re.findall(r'\]\(docs/(\w+)\.md\)', (ROOT / 'README.md').read_text())
    assert set(linked) == GUIDES


def test_the_modules_of_the_reference_are_there():
    names = re.findall(r'automodule:: (\S+)', (ROOT / 'docs/api.rst').read_text())
    assert names
    assert [name for name in names if find_spec(name) is None] == []
