"""The commands of tools/analysis on made-up records, by hand."""

import json
from contextlib import chdir
from itertools import product
from pathlib import Path

import pytest
from made_up_records import POLICIES, SEEDS, write_record, write_seeds
from PIL import Image

from mmseg_gist.analysis.areas import draw_subsets
from mmseg_gist.utils import UserError

ROOT = Path(__file__).resolve().parents[2]


def is_png(file: Path) -> bool:
    with Image.open(file) as image:
        image.verify()
        return image.format == 'PNG' and min(image.size) > 400


# ---------------------------------------------------------------- curves.py


def test_curves(tool, tmp_path):
    seeds = write_seeds(tmp_path / 'CL')
    rows = tool('curves', seeds, '--out', tmp_path / 'curves')
    assert rows == [
        ['stage', 'labels only', 'GIST', 'mixed'],
        ['0', '40.50 ± 0.71', '40.50 ± 0.71', '40.50 ± 0.71'],
        ['1', '42.00 ± 1.41', '41.00 ± 2.83', '40.00 ± 2.83'],  # GIST: P, L
        ['2', '43.00 ± 1.41', '46.50 ± 3.54', '41.00 ± 5.66'],  # GIST: PL, LP
    ]
    assert is_png(tmp_path / 'curves.png')
    assert (tmp_path / 'curves.md').read_text().count('\n') == 5
    assert (tmp_path / 'curves.csv').read_text().splitlines()[0] == (
        'stage,labels only,labels only std,labels only n,GIST,GIST std,GIST n,'
        'mixed,mixed std,mixed n'
    )


def test_a_curve_ends_where_a_path_fails(tool, tmp_path):
    scores = {'0': (50, 40), '0.5': (51, 41), '0.5-0.5': None}
    policy = dict(type='FIST', num_stages=3, alpha=0.5)
    file = write_record(tmp_path / 'run', 0, scores, policy)
    assert tool('curves', file) == [['stage', 'FIST'], ['0', '40.00'], ['1', '41.00']]


# --------------------------------------------------------------- compare.py


def test_compare(tool, tmp_path):
    seeds = write_seeds(tmp_path / 'CL')
    rows = tool('compare', seeds, '--base', 'labels only')
    header = 'policy, seeds, stages, iterations, images labeled, literally, dev, '
    assert rows[0] == (header + 'test, margin, best stage').split(', ')
    by_name = {row[0]: row[1:] for row in rows[1:]}
    costs = {name: row[:5] for name, row in by_name.items()}
    assert costs == {
        'labels only': ['2', '2', '20', '0', ''],
        'GIST': ['2', '4', '40', '12', '48'],
        'mixed': ['2', '2', '20', '12', '24'],
        # 7 and 6 stages; of stage 0's model 12 images, of two others 6 each
        'all, shared stages once': ['2', '6.50', '65', '24', '72'],
    }
    results = {name: row[5:] for name, row in by_name.items()}
    assert results == {
        'labels only': ['53.00 ± 1.41', '42.50 ± 2.12', '0.00 ± 0.00', 'L, LL'],
        'GIST': ['55.50 ± 0.71', '46.50 ± 3.54', '4.00 ± 1.41', 'PL, LP'],
        'mixed': ['51.00 ± 1.41', '41.00 ± 1.41', '-1.50 ± 0.71', '0, 0.5'],
        'all, shared stages once': ['', '', '', ''],
    }


def test_the_cost_of_all_is_of_the_seeds_that_have_all(tool, tmp_path):
    seeds = write_seeds(tmp_path / 'CL')
    write_record(seeds / 'seed_2', 2, SEEDS[1], POLICIES['GIST'])
    args = ['compare', seeds, '--policies', 'labels only', 'GIST']
    rows = [row[:4] for row in tool(*args)[1:]]
    assert rows == [
        ['labels only', '2', '2', '20'],
        ['GIST', '3', '4', '40'],
        ['all, shared stages once', '2', '4.50', '45'],
    ]
    write_record(tmp_path / 'LE/seed_0', 0, SEEDS[0], POLICIES['GIST'])
    write_record(tmp_path / 'LE/seed_1', 1, SEEDS[1], POLICIES['labels only'])
    assert [row[0] for row in tool('compare', tmp_path / 'LE')[1:]] == ['GIST', 'FIST']


def test_compare_settings(tool, tmp_path):
    """The base of both is the labels-only policy that one of them has."""
    write_seeds(tmp_path / 'CL')
    scores = {'0': (50, 40), 'P': (49, 43), 'L': (55, 46)}
    gist = dict(type='GIST', num_stages=1)
    write_record(tmp_path / 'none/seed_0', 0, scores, gist)
    args = ['compare', tmp_path, '--policies', 'GIST', '--base']
    rows = tool(*args, 'CL/labels only')
    assert [(row[0], row[1], row[2], row[-2], row[-1]) for row in rows] == [
        ('setting', 'policy', 'seeds', 'margin', 'best stage'),
        ('CL', 'GIST', '2', '4.00 ± 1.41', 'PL, LP'),
        ('none', 'GIST', '1', '5.00', 'L'),
    ]
    with pytest.raises(UserError) as error:
        tool(*args, 'labels only')
    assert str(error.value) == (
        'there is no policy labels only of setting none to be the base; name one of '
        'another setting with --base SETTING/POLICY'
    )


def test_margins_are_paired_by_seed(tool, tmp_path):
    write_seeds(tmp_path / 'CL')
    (tmp_path / 'CL/seed_1/record.json').unlink()
    write_record(tmp_path / 'none/seed_1', 1, SEEDS[1], POLICIES['mixed'])
    with pytest.raises(UserError, match='there is no seed 1 of the base CL/GIST'):
        tool('compare', tmp_path, '--policies', 'FIST', '--base', 'CL/GIST')


def test_an_older_record_does_not_tell_what_was_labeled(tool, tmp_path):
    seeds = write_seeds(tmp_path / 'CL')
    for file in seeds.glob('*/record.json'):
        record = json.loads(file.read_text())
        for stage in record['stages']:
            stage.pop('pseudo_labels', None)
        file.write_text(json.dumps(record))
    rows = tool('compare', seeds, '--policies', 'GIST')
    assert rows[1][2:6] == ['4', '40', '', '']


# ---------------------------------------------------------------- spread.py


@pytest.fixture
def four_paths(tmp_path) -> Path:
    """All paths of two stages, in the order PL, LL, LP, PP."""
    scores = {
        '0': (50, 40),
        'L': (52, 41),
        'P': (49, 39),
        'LL': (51, 42),
        'LP': (55, 44),
        'PL': (53, 47),
        'PP': (48, 38),
    }
    policy = dict(type='RIST', num_stages=2, num_paths=4, seed=0)
    return write_record(tmp_path / 'run', 0, scores, policy)


def test_spread(tool, four_paths, tmp_path):
    rows = tool('spread', four_paths, '--group', '4', '--out', tmp_path / 'spread')
    assert rows[0] == ['path', 'degenerate', 'best stage', 'dev', 'test']
    assert sorted(rows[1:5]) == [
        ['LL', '', 'L', '52.00', '41.00'],
        ['LP', '', 'LP', '55.00', '44.00'],
        ['PL', '', 'PL', '53.00', '47.00'],
        ['PP', '', '0', '50.00', '40.00'],
    ]
    assert rows[5:9] == [
        ['mean of', 'n', 'test'],
        ['all paths', '4', '43.00 ± 3.16'],
        ['paths that are not degenerate', '4', '43.00 ± 3.16'],
        ['best of each 4 paths in turn', '1', '44.00'],
    ]
    assert rows[9:] == [
        ['paths in a group', 'test'],
        ['1', '43.00 ± 2.74'],
        ['2', '44.50 ± 2.06'],
        ['3', '44.75 ± 1.30'],
        ['4', '44.00 ± 0.00'],
    ]
    assert is_png(tmp_path / 'spread.png')
    assert {file.name for file in tmp_path.glob('spread*.csv')} == {
        'spread.csv',
        'spread_means.csv',
        'spread_groups.csv',
    }


def test_degenerate_paths_are_set_apart(tool, tmp_path):
    """All 32 paths of five stages; only those two are better than stage 0."""
    names = [
        ''.join(letters) for n in range(1, 6) for letters in product('LP', repeat=n)
    ]
    scores = {'0': (50, 40)} | dict.fromkeys(names, (49, 39))
    scores |= {'LLLLL': (51, 30), 'PPPPP': (51, 30)}
    policy = dict(type='RIST', num_stages=5, num_paths=32)
    rows = tool('spread', write_record(tmp_path / 'run', 0, scores, policy))
    degenerate = [(row[0], row[4]) for row in rows if row[1:2] == ['yes']]
    assert sorted(degenerate) == [('LLLLL', '30.00'), ('PPPPP', '30.00')]
    means = {row[0]: row[1:] for row in rows}
    # 1260 / 32; deviations 0.625 and 9.375: (30 x 0.390625 + 2 x 87.890625) / 31
    assert means['all paths'] == ['32', '39.38 ± 2.46']
    assert means['paths that are not degenerate'] == ['30', '40.00 ± 0.00']


def test_spread_needs_several_paths(tool, tmp_path):
    scores = {'0': (50, 40), 'P': (51, 41)}
    policy = dict(type='FixedPath', path='P')
    file = write_record(tmp_path / 'run', 0, scores, policy)
    for args in ([], ['--policy', 'FixedPath']):
        with pytest.raises(UserError, match='this takes a policy with several paths'):
            tool('spread', file, *args)
    with pytest.raises(UserError, match='there is no policy many in the records'):
        tool('spread', file, '--policy', 'many')


def test_spread_is_of_one_run(tool, tmp_path):
    with pytest.raises(UserError, match='seed_1/record.json: paths belong to one run'):
        tool('spread', write_seeds(tmp_path / 'CL'))


def test_a_group_is_of_some_of_the_paths(tool, four_paths):
    for group in ('0', '5'):
        with pytest.raises(UserError, match=f'--group {group} of 4 paths; give 1 to 4'):
            tool('spread', four_paths, '--group', group)
    assert tool('spread', four_paths) == tool('spread', four_paths, '--group', '4')


# -------------------------------------------------------------- dev_size.py


def write_areas(folder: Path, percent: dict) -> None:
    """One class of 100 pixels; IoU in percent by stage, an image each."""
    stages = {
        stage: {name: [[value, 100, 100]] for name, value in zip('ab', values)}
        for stage, values in percent.items()
    }
    (folder / 'dev_areas.json').write_text(json.dumps(dict(made_of='', stages=stages)))


def test_dev_size(tool, tmp_path):
    """On image b alone GIST would have gone on from L, which was not trained."""
    policies = {name: POLICIES[name] for name in ('labels only', 'GIST')}
    policy = dict(type='PolicySet', policies=policies)
    write_record(tmp_path / 'run', 0, SEEDS[0], policy)
    percent = dict(zip(('0', 'P', 'L', 'PP'), ((50, 50), (90, 40), (10, 60), (95, 10))))
    percent |= {'PL': (20, 90), 'LL': (5, 70), '0.5': (0, 0), '0.5-0.5': (0, 0)}
    write_areas(tmp_path / 'run', percent)
    rows = tool(
        'dev_size', tmp_path / 'run', '--sizes', '1', '2', '3', '--draws', '10',
        '--out', tmp_path / 'dev_size',
    )  # fmt: skip
    a = draw_subsets(1, 2, 10, seed=0).count([0])
    b = 10 - a
    assert a > 1 < b
    labels_only = (40 * a + 42 * b) / 10  # stage 0 on a, LL on b
    deviation = (4 * a * b / 10 / 9) ** 0.5
    assert rows == [
        ['images', 'labels only', 'labels only, complete', 'GIST', 'GIST, complete'],
        [
            '1',
            f'{labels_only:.2f} ± {deviation:.2f}',
            '10 of 10',
            '45.00 ± 0.00',  # PP
            f'{a} of 10',
        ],
        ['2', '40.00', '1 of 1', '39.00', '1 of 1'],  # P
    ]
    assert is_png(tmp_path / 'dev_size.png')


def test_dev_size_needs_areas_of_every_stage(tool, tmp_path):
    policy = dict(type='FixedPath', path='PP')
    file = write_record(tmp_path / 'run', 0, SEEDS[0], policy)
    with pytest.raises(UserError, match='dev_areas.json does not exist; run tools/'):
        tool('dev_size', file)
    write_areas(tmp_path / 'run', {'0': (50, 50), 'P': (50, 50)})
    with pytest.raises(UserError, match='dev_areas.json lacks stages; run tools/'):
        tool('dev_size', file)
    write_areas(tmp_path / 'run', {name: (50, 50) for name in SEEDS[0]})
    with pytest.raises(UserError, match='fewer images than the smallest of --sizes'):
        tool('dev_size', file)


# ------------------------------------------------------------- dev_noise.py


def test_dev_noise(tool, tmp_path):
    """Two images, so the error is half of what their IoU differ by, over sqrt(2)."""
    policy = dict(type='PolicySet', policies={'labels only': POLICIES['labels only']})
    for seed, scores in enumerate(SEEDS):
        folder = tmp_path / f'run/seed_{seed}'
        write_record(folder, seed, {k: scores[k] for k in ('0', 'L', 'LL')}, policy)
        # L is best, and LL below it by 1 on the mean, by -1 and 3 on the images
        write_areas(folder, {'0': (40, 56), 'L': (45, 59), 'LL': (46, 56)})
    many = ['--draws', '20000', '--out', tmp_path / 'noise']
    stages = tool('dev_noise', tmp_path / 'run/seed_0', *many)
    assert stages[0] == ['stage', 'dev', 'SE', 'below best', 'SE of that', 'test']
    assert [row[0] for row in stages[1:4]] == ['0', 'L', 'LL']
    expected = [
        (48, 8 / 2**0.5, 4, 1 / 2**0.5, 40),  # 5 and 3 below
        (52, 7 / 2**0.5, 0, 0, 41),
        (51, 5 / 2**0.5, 1, 2 / 2**0.5, 42),
    ]
    for row, values in zip(stages[1:4], expected):
        assert [float(value) for value in row[1:]] == pytest.approx(values, rel=0.03)
    choices = stages[4:]
    assert choices[0] == ['policy', 'rule', 'stages', 'dev', 'SE', 'test', 'cost']
    assert [row[:4] + row[5:] for row in choices[1:]] == [
        ['labels only', 'best', 'L', '52.00', '41.00', '1.00'],
        ['labels only', 'last', 'LL', '51.00', '42.00', '0.00'],
    ]
    seeds = tool('dev_noise', tmp_path / 'run', *many)
    assert seeds[0] == choices[0]
    assert [row[2:4] + row[5:] for row in seeds[1:]] == [
        ['L, L', '52.00 ± 0.00', '42.00 ± 1.41', '1.00 ± 0.00'],
        ['LL, LL', '51.00 ± 0.00', '43.00 ± 1.41', '0.00 ± 0.00'],
    ]
    assert {file.name for file in tmp_path.glob('*.md')} == {
        'noise.md',
        'noise_stages.md',
    }
    with pytest.raises(UserError, match='--draws 1: a deviation takes at least 2'):
        tool('dev_noise', tmp_path / 'run', '--draws', '1')


def test_dev_noise_of_a_run_that_has_not_ended(tool, tmp_path):
    policy = dict(type='FixedPath', path='LPLP')
    write_record(tmp_path / 'run', 0, {'0': (50, 40), 'L': (52, 45)}, policy)
    write_areas(tmp_path / 'run', {'0': (50, 50), 'L': (52, 52)})
    rows = tool('dev_noise', tmp_path / 'run')
    assert rows[-1][:3] == ['FixedPath', 'last', 'L']


# ---------------------------------------------------------- class_shares.py


def test_class_shares(tool, tmp_path):
    seeds = write_seeds(tmp_path / 'CL')
    for seed, grown in ((0, [9, 1]), (1, [7, 3])):
        stages = {'0': [30, 10], 'P': [8, 2], 'PP': grown}
        paths = dict(PPP=dict(images=5, stages=stages))
        content = dict(classes=['road', 'pole'], labeled=[12, 8], paths=paths)
        file = seeds / f'seed_{seed}/label_shares.json'
        file.write_text(json.dumps(content))
    rows = tool('class_shares', seeds, '--path', 'PPP', '--out', tmp_path / 'shares')
    assert rows == [
        ['class', 'human', '0', 'P', 'PP'],
        ['road', '60.00 ± 0.00', '75.00 ± 0.00', '80.00 ± 0.00', '80.00 ± 14.14'],
        ['pole', '40.00 ± 0.00', '25.00 ± 0.00', '20.00 ± 0.00', '20.00 ± 14.14'],
    ]
    assert is_png(tmp_path / 'shares.png')
    with pytest.raises(UserError) as error:
        tool('class_shares', seeds / 'seed_0', '--path', 'PP')
    assert str(error.value) == (
        f'{seeds}/seed_0/label_shares.json has no path PP; run '
        f'tools/analysis/label_shares.py {seeds}/seed_0 PP'
    )


# ----------------------------------------------------------- update_page.py

PAGE = """\
# Results

It went up.

<!-- python tools/analysis/curves.py FOLDER/CL --policies GIST --out FOLDER/fig -->
<!-- end -->

Text with 12.34 in it.

<!-- python tools/analysis/compare.py FOLDER/CL --policies mixed -->

| old | table |

<!-- end -->

The end.
"""


@pytest.fixture
def page(tmp_path) -> Path:
    write_seeds(tmp_path / 'CL')
    page = tmp_path / 'page.md'
    page.write_text(PAGE.replace('FOLDER', str(tmp_path)))
    return page


def test_a_page_is_updated_and_then_checks(tool, page, tmp_path):
    with chdir(tmp_path):  # commands run in the project's folder all the same
        tool('update_page', 'page.md')
    text = page.read_text()
    assert '\n\n| stage | GIST |\n| ---: | ---: |\n| 0 | 40.50 ± 0.71 |\n' in text
    assert '| mixed | 2 | 2 | 20 | 12 | 24 | 51.00 ± 1.41 | 41.00 ± 1.41 |' in text
    assert 'old' not in text
    for line in ('It went up.', 'Text with 12.34 in it.', 'The end.'):
        assert f'\n{line}\n' in text
    assert is_png(tmp_path / 'fig.png')

    (tmp_path / 'fig.png').unlink()
    tool('update_page', page, '--check')
    assert page.read_text() == text
    assert not (tmp_path / 'fig.png').exists()
    tool('update_page', page)
    assert page.read_text() == text


@pytest.mark.parametrize(
    'true, false, command',
    [('40.50', '40.51', 'curves.py'), ('51.00', '52.00', 'compare.py')],
)
def test_a_wrong_number_is_found(tool, page, true, false, command):
    tool('update_page', page)
    text = page.read_text()
    assert true in text
    page.write_text(text.replace(true, false, 1))
    with pytest.raises(UserError) as error:
        tool('update_page', page, '--check')
    message = str(error.value)
    assert message.startswith(f'{page}: the block of `python tools/analysis/{command} ')
    assert message.endswith(
        f'` differs from what it prints; run tools/analysis/update_page.py {page}'
    )
    assert false in page.read_text()


def test_changed_records_are_found(tool, page, tmp_path):
    tool('update_page', page)
    file = tmp_path / 'CL/seed_0/record.json'
    file.write_text(file.read_text().replace('"mIoU": 44.0', '"mIoU": 44.5'))
    with pytest.raises(UserError, match='curves.py .* differs from what it prints'):
        tool('update_page', page, '--check')


@pytest.mark.parametrize(
    'old, new, reason',
    [
        ('<!-- end -->\n\nThe', 'The', 'compare.py .* lacks its <!-- end -->'),
        ('<!-- end -->\n\nText', 'Text', 'curves.py .* lacks its <!-- end -->'),
        ('tools/analysis/compare.py', 'tools/train.py', 'is not a command of tools/'),
        ('--policies mixed', '--policies no', 'there is no policy no in the records'),
    ],
)
def test_a_bad_page_is_left_alone(tool, page, old, new, reason):
    text = page.read_text()
    assert old in text
    text = text.replace(old, new)
    page.write_text(text)
    with pytest.raises(UserError, match=reason):
        tool('update_page', page)
    assert page.read_text() == text


MEASURED = [  # analysis.md shows a block as an example
    page
    for page in (ROOT / 'docs').glob('*.md')
    if '<!-- end -->' in page.read_text() and page.stem != 'analysis'
]


@pytest.mark.parametrize('page', MEASURED, ids=lambda page: page.stem)
def test_every_number_of_the_results_follows_from_the_records(tool, page):
    tool('update_page', page, '--check')
