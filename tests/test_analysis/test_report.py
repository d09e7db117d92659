"""The report of a made-up GIST run with labels made by hand, as a person sees it."""

import base64
import io
import json
import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import browser
from made_up_records import write_record
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from PIL import ExifTags, Image
from tiny import ROOT, SIZES, write_tiny

from mmseg_gist.analysis import ReportHook
from mmseg_gist.analysis.report import charts, pictures, store, write_report
from mmseg_gist.analysis.report.content import ModelLabels, warnings
from mmseg_gist.analysis.report.tree import labeled_by, path_ends
from mmseg_gist.datasets.reliability import write_list
from mmseg_gist.evaluation.pseudo_label_writer import write_pseudo_label
from mmseg_gist.self_training.path import from_name, to_name
from mmseg_gist.self_training.policies import GIST
from mmseg_gist.self_training.replay import so_far
from mmseg_gist.utils import UserError

PALETTE = [[0, 0, 0], [255, 0, 0], [0, 255, 0]]
SCORES = {
    '0': (50, 40),
    'L': (52, 41),
    'P': (49, 39),
    'LL': None,
    'LP': (51, 43),
    'PL': (55, 44),
    'PP': (48, 37),
}
# 24 x 32 pixels: half a, a quarter b and c each; or all a
MIXED = np.repeat([0, 0, 1, 2], 8)[None].repeat(24, 0).astype(np.uint8)
ALL_A = np.zeros_like(MIXED)


def paths(*names: str) -> list:
    return [from_name(name) for name in names]


@pytest.fixture
def work_dir(tmp_path) -> Path:
    """Beam 2. Half of 0's and L's labels are kept, 1 of 24 rows of P's."""
    config = Config.fromfile(write_tiny(tmp_path))
    config.train_cfg.label_erase = dict(threshold=0.3)
    folder = tmp_path / 'my <run>'
    policy = dict(type='GIST', num_stages=2, beam_size=2)
    file = write_record(folder, 0, SCORES, policy)
    record = json.loads(file.read_text())
    for row in record['stages']:
        if row['status'] == 'finished':
            for kind in ('dev', 'test'):
                row[kind] |= {'IoU.a': row[kind]['mIoU'] + 1.5, 'IoU.c': 7.25}
            row['memory'] = dict(host=1234)
    file.write_text(json.dumps(record))
    config.dump(folder / 'run_config.py')
    half = np.repeat([255, 0], 16)[None].repeat(24, 0).astype(np.uint8)
    row = np.zeros_like(half)
    row[0] = 255
    for name, label, confidence in (
        ('0', MIXED, half),
        ('L', MIXED, half),
        ('P', ALL_A, row),
    ):
        for i in range(SIZES['unlabeled']):
            path = folder / f'stages/{name}/pseudo_labels/unlabeled{i}.png'
            write_pseudo_label(str(path), label, confidence, sum(PALETTE, []))
    return folder


@pytest.fixture
def cfg(work_dir) -> Config:
    init_default_scope('mmseg')
    cfg = Config.fromfile(work_dir / 'run_config.py')
    cfg.work_dir = str(work_dir)
    return cfg


def tables(page: str) -> dict[str, list[list[str]]]:
    """Cells of each table by its caption."""
    found = {}
    for table in re.findall(r'<table>.*?</table>', page, re.DOTALL):
        caption = re.search('<caption>(.*?)</caption>', table)[1]
        found[caption] = [
            re.findall(r'<t[hd][^>]*>(.*?)</t[hd]>', row)
            for row in re.findall(r'<tr.*?</tr>', table, re.DOTALL)
        ]
    return found


def test_the_numbers(cfg, work_dir):
    page = write_report(cfg).read_text()
    assert 'Finished: 7 stages.' in page
    assert '<dd>stage PL</dd>' in page
    found = tables(page)
    assert found['The data'][1:] == [
        ['labeled', '4', 'labeled.txt'],
        ['unlabeled', '12', 'unlabeled.txt'],
        ['development', '3', 'dev.txt'],
        ['test', '3', 'test.txt'],
    ]
    stages = {row[0]: row[1:] for row in found['stages']}
    assert stages['PL'] == ['2', 'human', '55.00', '44.00', '★ chosen', '']
    assert stages['LL'] == ['2', 'human', '–', '–', '', 'loss is nan']
    # of equal depth the best on the development set
    assert [row[1:] for row in found['mIoU by stage'][1:]] == [
        ['0', '0', '50.00', '40.00'],
        ['1', 'L', '52.00', '41.00'],
        ['2', 'PL', '55.00', '44.00'],
    ]
    assert found['IoU of each class [%]'] == [
        ['class', 'dev, stage 0', 'dev, best (PL)', 'test, stage 0', 'test, best (PL)'],
        ['a', '51.50', '56.50', '41.50', '45.50'],
        ['b', '–', '–', '–', '–'],
        ['c', '7.25', '7.25', '7.25', '7.25'],
    ]
    human = np.zeros(3)
    for i in range(4):
        with Image.open(work_dir.parent / f'labels/labeled{i}.png') as image:
            human += np.bincount(np.array(image).ravel(), minlength=3)
    human = [f'{value:.2f}' for value in 100 * human / human.sum()]
    shares = next(rows for name, rows in found.items() if name.startswith('shares'))
    assert shares[1][2:] == human
    by_model = {row[0]: row[1:] for row in shares[2:]}
    assert by_model['stage 0'][0] == by_model['stage L'][0] == '50.00'
    assert by_model['stage P'][0] == '4.17'  # a row of 24
    assert by_model['stage L'][1:] == ['50.00', '25.00', '25.00']
    assert by_model['stage P'][1:] == ['100.00', '0.00', '0.00']
    costs = {row[0]: row[1:] for row in found['seconds, and peaks of memory']}
    assert costs['PL'] == ['1.00', '1,234', '–']
    assert 'LL' not in costs


@pytest.mark.slow
def test_warnings_are_of_the_stage_that_went_wrong(cfg):
    page = write_report(cfg).read_text()
    lines = re.findall(
        '<li>(.*?)</li>', page.split('role="alert"')[1].split('</ul>')[0]
    )
    low, gone = lines
    assert low.startswith(
        'The labels by stage P: label erase keeps 4.2 % of the pixels: lower'
    )
    assert gone == 'The labels by stage P: pseudo-labels have lost b, c'


def test_a_class_of_which_nothing_is_kept_is_gone():
    models = dict(
        P=ModelLabels([60, 40], dict(all=60, classes=[60, 0])),
        PP=ModelLabels([60, 40], dict(all=60, classes=[60, 1])),
    )
    assert warnings(['a', 'b'], [50, 50], models) == [
        'The labels by stage P: pseudo-labels have lost b'
    ]


@pytest.mark.slow
def test_the_record_comes_before_what_was_counted(cfg, work_dir):
    file = work_dir / 'record.json'
    record = json.loads(file.read_text())
    row = next(row for row in record['stages'] if row['path'] == 'P')
    kept = dict(all=12.5, classes=[0, 15.0, 13.0])
    row |= dict(class_shares=[10, 20, 70], kept=kept)
    record['stages'][0]['class_shares'] = [25, 35, 40]  # of people
    file.write_text(json.dumps(record))
    page = write_report(cfg).read_text()
    shares = next(v for k, v in tables(page).items() if k.startswith('shares'))
    assert shares[1] == ['people', '–', '25', '35', '40']
    assert shares[2] == ['stage 0', '12.50', '10', '20', '70']
    assert 'The labels by stage 0: pseudo-labels have lost a<' in page


@pytest.mark.parametrize('keep, kept', [([1.0, 0.04], 4.17), ([0.04, 1.0], 100.0)])
def test_the_share_kept_is_that_of_the_stages_that_learn_from_the_labels(
    cfg, keep, kept
):
    """P's labels are of its children, the second stages on their paths."""
    cfg.train_cfg.label_erase = dict(keep=keep)
    cfg.metainfo = cfg.train_dataloader.dataset.metainfo
    kept_files = store.Store(Path(cfg.work_dir, 'report'), readonly=True)
    models = store.read_models(cfg, paths('P'), kept_files)
    assert models['P']['kept'] == kept


@pytest.mark.slow
def test_a_run_that_goes_on(cfg, work_dir):
    file = work_dir / 'record.json'
    record = json.loads(file.read_text())
    record['stages'] = record['stages'][:2]  # 0 and L
    file.write_text(json.dumps(record))
    page = write_report(cfg).read_text()
    assert 'Not finished: 2 stages so far, next P.' in page
    assert '<dd>stage L</dd>' in page
    assert 'No pseudo-labels yet.' in page


@pytest.mark.slow
def test_labels_are_read_once(cfg, work_dir, monkeypatch):
    before = write_report(cfg).read_text()
    monkeypatch.setattr(store, 'read_confidence', None)  # cannot be called
    assert without_time(write_report(cfg).read_text()) == without_time(before)
    shutil.rmtree(work_dir / 'stages')  # as with keep='best'
    assert without_time(write_report(cfg).read_text()) == without_time(before)


def shown_by_reliability(page: str) -> tuple[str, dict[str, list[str]]]:
    """What is said, and the captions of the least and of the most reliable images."""
    section = page.split('<h3>Reliability')[1].split('</section>')[0]
    said = ' '.join(re.search('<p>(.*?)</p>', section, re.DOTALL)[1].split())
    found = re.findall('<figcaption>(.*?)</figcaption>', section)
    captions = {
        kind: [text for text in found if f', {kind} reliable' in text]
        for kind in ('least', 'most')
    }
    return said, captions


def test_reliability_along_the_path(cfg, work_dir):
    """Of 0's labels P's have a on 16 of 32 columns, and neither b nor c."""
    same = work_dir / 'stages/P/pseudo_labels/unlabeled7.png'
    shutil.copy(work_dir / 'stages/0/pseudo_labels/unlabeled7.png', same)
    (work_dir / 'stages/0/pseudo_labels/unlabeled3.png').unlink()  # P alone drew it
    page = write_report(cfg).read_text()
    said, captions = shown_by_reliability(page)
    assert said == (
        "Mean IoU of an image's earlier labels by stage 0 with that by stage P: 0.24 "
        'over 11 of the images.'
    )
    assert captions['least'][0] == 'unlabeled0.png, least reliable: 0.17'
    assert captions['most'][0] == 'unlabeled7.png, most reliable: 1.00'
    assert [len(lines) for lines in captions.values()] == [4, 4]
    assert page.count('alt="pseudo label of unlabeled7.png"') == 1
    shutil.rmtree(work_dir / 'stages')
    assert shown_by_reliability(write_report(cfg).read_text()) == (said, captions)


def test_reliability_by_which_images_were_drawn(cfg, work_dir):
    """As the stage has written it, whatever the labels of other stages are."""
    rows = [
        dict(
            image=f'{cfg.train_dataloader.dataset.data_root}/images/unlabeled{i}.png',
            reliability=i / 16,
        )
        for i in range(12)
    ]
    write_list(rows, work_dir / 'stages/0/reliability.csv')
    file = work_dir / 'record.json'
    record = json.loads(file.read_text())
    row = next(row for row in record['stages'] if row['path'] == 'P')
    row['reliability'] = dict(images=6, mean=0.3438, mean_drawn=0.5312)
    file.write_text(json.dumps(record))
    said, captions = shown_by_reliability(write_report(cfg).read_text())
    assert said == (
        "Mean IoU of an image's earlier labels by the same stage at a third and two "
        'thirds of its training with that by stage 0: 0.34 over 12 images, which '
        'stages/0/reliability.csv lists, those to label next first. Stage P draws from '
        'the 6 most reliable ones, mean 0.53.'
    )
    for kind, order in (('least', (0, 1, 2, 3)), ('most', (11, 10, 9, 8))):
        assert captions[kind] == [
            f'unlabeled{i}.png, {kind} reliable: {i / 16:.2f}' for i in order
        ]


def without_time(page: str) -> str:
    return re.sub(r'Written [\d :-]+\.', '', page)


@pytest.mark.slow
def test_labels_that_came_later_are_read(cfg, work_dir):
    late = [work_dir / f'stages/0/pseudo_labels/unlabeled{i}.png' for i in range(6)]
    for file in late:
        file.rename(file.with_suffix('.later'))
    write_report(cfg)
    kept = store.Store(work_dir / 'report_data')
    assert kept.get('0')['there'] == 6
    for file in late:
        file.with_suffix('.later').rename(file)
    write_report(cfg)
    assert kept.get('0')['there'] == 12
    (work_dir / 'report_data/0.json').write_text('{"made_of"')
    write_report(cfg)
    assert kept.get('0')['pixels'] == [12 * 384, 12 * 192, 12 * 192]


@pytest.mark.slow
def test_elsewhere_leaves_the_work_dir_alone(work_dir, tmp_path, capsys):
    main = runpy.run_path(str(ROOT / 'tools/analysis/report.py'))['main']
    files = sorted(work_dir.rglob('*'))
    main([str(work_dir), '--out', str(tmp_path / 'other/page.html')])
    assert sorted(work_dir.rglob('*')) == files
    assert [file.name for file in (tmp_path / 'other').iterdir()] == ['page.html']
    assert capsys.readouterr().out.strip() == str(tmp_path / 'other/page.html')
    main([str(work_dir)])
    assert (work_dir / 'report.html').exists()


def test_a_work_dir_before_stage_0_ends(work_dir):
    file = work_dir / 'record.json'
    file.write_text(json.dumps(dict(json.loads(file.read_text()), stages=[])))
    main = runpy.run_path(str(ROOT / 'tools/analysis/report.py'))['main']
    with pytest.raises(UserError, match='has no stage yet; come back after stage 0'):
        main([str(work_dir)])


@pytest.mark.slow
def test_without_the_images_the_rest_is_there(cfg, work_dir):
    shutil.rmtree(work_dir.parent / 'images')
    page = write_report(cfg).read_text()
    assert 'Labels or images could not be read: FileNotFoundError' in page
    assert 'stages' in tables(page)


def photo(file: Path) -> Image.Image:
    """What the page shows of it."""
    content = pictures.photo(str(file)).split(',')[1]
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_photos_are_upright(tmp_path):
    """As the models see them; a camera may store them lying."""
    image = Image.new('RGB', (40, 20))
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    image.save(tmp_path / 'lying.jpg', exif=exif)
    assert photo(tmp_path / 'lying.jpg').size == (20, 40)


def test_photos_of_16_bits_are_their_high_bytes(tmp_path):
    values = np.full((20, 40), 77 * 256, np.uint16)
    Image.fromarray(values).save(tmp_path / 'deep.png')
    assert abs(np.asarray(photo(tmp_path / 'deep.png')) - 77.0).max() <= 1


def test_the_page_stands_alone(cfg):
    page = write_report(cfg).read_text()
    assert len(page) < 1e6
    text = page.replace('http://www.w3.org/2000/svg', '')
    text = text.replace('http://www.w3.org/1999/xlink', '')
    assert '://' not in text
    assert all(src.startswith('data:') for src in re.findall(r'src="([^"]+)"', page))
    assert '<h1>my &lt;run&gt;</h1>' in page


@pytest.mark.slow
def test_an_unlabeled_image_that_has_a_human_label(cfg, work_dir):
    write_report(cfg)
    images = store.Store(work_dir / 'report_data').get('images')['unlabeled']
    assert [Path(path).name for path in images] == [
        'unlabeled0.png',
        'unlabeled11.png',
        'unlabeled4.png',
        'unlabeled7.png',
    ]
    assert {image['human'] for image in images.values()} == {None}
    shutil.rmtree(work_dir / 'report_data')
    path = work_dir.parent / 'labels/unlabeled0.png'
    Image.fromarray(MIXED).save(path)
    write_report(cfg)
    images = store.Store(work_dir / 'report_data').get('images')['unlabeled']
    human = [bool(image['human']) for image in images.values()]
    assert human == [True, False, False, False]


def test_each_human_label_is_read_as_its_own_set_reads_it(cfg):
    """The second of two sets takes 0, 1, 2 for 255, 0, 1."""
    root = Path(cfg.train_dataloader.dataset.data_root)
    for name in ('images', 'labels'):
        (root / f'more/{name}').mkdir(parents=True)
        for i in range(2):
            Image.fromarray(MIXED).save(root / f'more/{name}/{i}.png')
    (root / 'more.txt').write_text('0\n')
    Image.fromarray(MIXED).save(root / 'labels/labeled0.png')
    first = cfg.train_dataloader.dataset
    prefix = dict(img_path='more/images', seg_map_path='more/labels')
    second = dict(first, data_prefix=prefix, ann_file='more.txt')
    second |= dict(reduce_zero_label=True, metainfo=dict(classes=('b', 'c')))
    cfg.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[first, second], _delete_=True
    )
    human = store.HumanLabels(cfg)
    names = [f'images/labeled{i}.png' for i in range(4)] + ['more/images/0.png']
    assert list(human.places) == [str(root / name) for name in names]
    assert (human.read(str(root / 'images/labeled0.png')) == MIXED).all()
    lower = np.array([255, 0, 1], np.uint8)[MIXED]
    # that of an unlabeled image in the same folder, too
    for name in '01':
        assert (human.read(str(root / f'more/images/{name}.png')) == lower).all()
    assert human.read(str(root / 'images/unlabeled0.png')) is None


# ----------------------------------------------------------------- the parts


def test_the_tree_of_paths():
    stages = paths('0', 'L', 'P', 'PL', 'PP', '0.5')
    assert [to_name(path) for path in path_ends(stages)] == ['0.5', 'L', 'PL', 'PP']
    assert path_ends(paths('0')) == [()]
    assert [to_name(path) for path in labeled_by(stages)] == ['0', 'P']


def test_what_a_policy_has_seen_so_far():
    scores = dict(zip(paths('0', 'L', 'P', 'LL', 'PP'), (50, 52, 49, 51, 40)))
    seen = so_far(GIST(num_stages=2), scores)  # asks for children of L alone
    assert [to_name(path) for path in seen] == ['0', 'P', 'L', 'LL']
    assert so_far(GIST(num_stages=1), {(): None}) == {(): None}


@pytest.mark.slow
def test_charts_take_the_colors_of_the_page():
    scores = dict(zip(paths('0', 'L', 'P'), (50, 52, None)))
    pictures = [
        charts.tree(scores, from_name('L')),
        charts.tree({(): 1.0}, ()),
        charts.lines({'one': {0: 1, 1: 2}, 'other': {1: 5}}, 'stage', 'mIoU [%]'),
        charts.pairs(['a', 'b'], {'0': [1, None], 'best': [2, 3]}, 'IoU [%]'),
        charts.pairs(['a'], {'stage 0': [1]}, 'IoU [%]'),
        charts.stacks(['0'], {'training': [3.0], 'evaluation': [1.0]}, 'seconds'),
    ]
    for svg in pictures:
        root = ElementTree.fromstring(svg)
        assert root.get('role') == 'img'
        assert root.get('aria-label')
        assert 'currentColor' in svg or 'var(--series-6)' in svg
        assert not re.search(r'#[0-9a-f]{6}[;"]', svg)
    texts = [
        text.text for text in ElementTree.fromstring(pictures[0]).iter() if text.text
    ]
    assert {'★ L', '52.00', 'failed'} <= {text.strip() for text in texts}


def test_a_class_may_begin_with_an_underscore():
    svg = charts.lines({'_background_': {0: 1}, 'cat': {0: 2}}, 'stage', 'share [%]')
    texts = ElementTree.fromstring(svg).itertext()
    assert {'_background_', 'cat'} <= {text.strip() for text in texts}


def test_spaced():
    assert store.spaced(list(range(10)), 4) == [0, 2, 5, 7]
    assert store.spaced([1, 2], 4) == [1, 2]


# ------------------------------------------------------------------ the loop


@HOOKS.register_module()
class Listener(Hook):
    """A user's hook that is told of each stage."""

    def __init__(self) -> None:
        self.told = []

    def after_stage(self, runner, record, row) -> None:
        pages = Path(runner.work_dir).glob('report.html')
        self.told.append((row, list(record.scores), [p.name for p in pages]))


@pytest.fixture
def tiny(tmp_path) -> Config:
    cfg = Config.fromfile(write_tiny(tmp_path))
    cfg.work_dir = str(tmp_path / 'run')
    cfg.train_dataloader.num_workers = 0
    default = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    cfg.default_hooks.report = default.default_hooks.report
    cfg.custom_hooks = [dict(type='Listener')]
    return cfg


def with_listener(cfg: Config) -> tuple[Runner, Listener]:
    runner = Runner.from_cfg(cfg)
    (listener,) = [hook for hook in runner.hooks if isinstance(hook, Listener)]
    return runner, listener


@pytest.mark.slow
def test_a_training_leaves_its_report(tiny, tmp_path):
    tiny.train_cfg.policy = dict(type='FixedPath', path='P')
    tiny.train_cfg.keep = 'best'
    runner, listener = with_listener(tiny)
    runner.train()
    record = json.loads((tmp_path / 'run/record.json').read_text())
    rows, scores, pages = zip(*listener.told)
    assert list(rows) == record['stages']
    assert scores == ([()], [(), ('P',)])
    assert pages == (['report.html'],) * 2  # each page before the next stage
    found = tables((tmp_path / 'run/report.html').read_text())
    assert [row[0] for row in found['stages'][1:]] == ['0', 'P']
    scores = found['IoU of each class [%]']
    rows = json.loads((tmp_path / 'run/record.json').read_text())['stages']
    assert scores[1][1] == f'{rows[0]["dev"]["IoU.a"]:.2f}'
    mean = np.mean([rows[0]['dev'][f'IoU.{name}'] for name in 'abc'])
    assert mean == pytest.approx(rows[0]['dev']['mIoU'], abs=0.01)
    assert store.Store(tmp_path / 'run/report_data').get('0')['there'] == 6


@pytest.mark.slow
def test_the_report_can_be_switched_off(tiny, tmp_path):
    """And stage 0 is told of even if it fails, which ends the run."""
    tiny.default_hooks.report.enable = False
    tiny.optim_wrapper.optimizer.lr = 1e30
    runner, listener = with_listener(tiny)
    with pytest.raises(UserError, match='stage 0 failed'):
        runner.train()
    assert [row['status'] for row, _, _ in listener.told] == ['failed']
    assert not (tmp_path / 'run/report.html').exists()


def test_a_report_that_fails_is_a_warning(tmp_path):
    said = []
    loop = SimpleNamespace(cfg=Config(dict(work_dir=str(tmp_path))))
    logger = SimpleNamespace(warning=said.append)
    runner = SimpleNamespace(train_loop=loop, logger=logger)
    ReportHook().after_stage(runner, record=None, row={})
    (line,) = said
    assert line.startswith('The report was not updated: ')
    assert 'record.json' in line


# --------------------------------------------------------------- the browser


@pytest.fixture(scope='module')
def chromium():
    with browser() as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize('width, scheme', [(1200, 'light'), (390, 'dark')])
def test_in_a_browser(cfg, chromium, width, scheme):
    file = write_report(cfg)
    size = dict(width=width, height=800)
    context = chromium.new_context(viewport=size, color_scheme=scheme, offline=True)
    page = context.new_page()
    faults, asked = [], []
    page.on('pageerror', lambda error: faults.append(str(error)))
    page.on('console', lambda message: faults.append(message.text))
    page.on('request', lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert page.evaluate('document.documentElement.scrollWidth') == width
    background = page.evaluate('getComputedStyle(document.body).backgroundColor')
    light = np.mean([int(value) for value in re.findall(r'\d+', background)[:3]])
    assert (light > 200) == (scheme == 'light')

    slider, said = page.locator('#stage'), page.locator('#text')
    pseudo = page.locator('.pseudo').first
    kept = page.locator('.kept').first

    def pixels() -> list:
        """R, G, B, alpha in the middle of the label's four quarters."""
        page.wait_for_function('document.querySelector(".pseudo").complete')
        return pseudo.evaluate(
            """async (image) => {
              await image.decode();
              const canvas = document.createElement('canvas');
              [canvas.width, canvas.height] = [32, 24];
              const context = canvas.getContext('2d', {willReadFrequently: true});
              context.drawImage(image, 0, 0);
              return [4, 12, 20, 28].map(
                (x) => [...context.getImageData(x, 12, 1, 1).data]);
            }"""
        )

    # the path with the chosen stage, at its end: stage 0, then P
    assert page.locator('#path').input_value().startswith('P')
    assert said.text_content() == 'P (dev mIoU 49.00), 4.2 % of the pixels kept'
    assert kept.text_content() == 'pseudo-label, 4.2 % kept'
    assert pixels() == [[0, 0, 0, 0]] * 4

    slider.focus()
    page.keyboard.press('ArrowLeft')
    assert said.text_content() == '0 (dev mIoU 50.00), 50.0 % of the pixels kept'
    assert slider.get_attribute('aria-valuetext') == said.text_content()
    assert page.locator('.mean').first.text_content() == 'confidence, mean 0.50'
    black, nothing = [0, 0, 0, 255], [0, 0, 0, 0]
    assert pixels() == [black, black, nothing, nothing]  # the right half is erased

    box = slider.bounding_box()
    page.mouse.click(box['x'] + box['width'] - 2, box['y'] + box['height'] / 2)
    assert said.text_content().startswith('P (')

    page.locator('#path').select_option('LP')
    assert said.text_content() == 'L (dev mIoU 52.00), 50.0 % of the pixels kept'

    page.locator('#class').select_option('a')
    page.wait_for_function(
        'document.querySelector(".pseudo").src !== '
        'document.querySelector(".pseudo").dataset.label'
    )
    orange = [255, 140, 0, 255]
    assert pixels() == [orange, orange, nothing, nothing]

    summary = page.locator('#tree summary')
    summary.focus()
    page.keyboard.press('Enter')
    assert page.locator('#tree table').is_visible()
    assert page.locator('#tree tr.chosen th').text_content() == 'PL'
    assert faults == []
    assert all(url.startswith(('file:', 'data:')) for url in asked)
    context.close()
