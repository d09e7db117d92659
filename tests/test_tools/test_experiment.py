"""tools/experiment.py on tiny real work, and the commands that read its files."""

import csv
import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from tiny import ROOT, write_tiny
from tiny_semi_supervised import write_semi

from mmseg_gist.analysis.areas import mean_iou
from mmseg_gist.datasets.reliability import read_list, write_list
from mmseg_gist.self_training.policies import RIST
from mmseg_gist.utils import UserError

EXPERIMENT = """
train_dataloader['num_workers'] = 0
train_cfg.update(policy=dict(type='PolicySet', policies={
    'P': dict(type='FixedPath', path='PP'),
    'random': dict(type='RIST', num_stages=1, num_paths=1)}))
experiment = dict(seeds=[3], settings={
    'all': dict(),
    'no CL': {
        'train_cfg.consistency': None,
        'train_cfg.policy.policies.P': dict(_delete_=True, type='FixedPath', path='P')},
    'slow': dict(
        optim_wrapper=dict(optimizer=dict(lr=0.01)),
        train_cfg=dict(policy=dict(_delete_=True, type='FixedPath', path='0')))})
"""


def call(name: str, *args) -> None:
    runpy.run_path(str(ROOT / f'tools/analysis/{name}.py'))['main'](
        list(map(str, args))
    )


def experiment(monkeypatch, *args) -> None:
    monkeypatch.setattr(sys, 'argv', ['experiment.py', *map(str, args)])
    runpy.run_path(str(ROOT / 'tools/experiment.py'))['main']()


def stages(folder: Path) -> dict[str, dict]:
    record = json.loads((folder / 'record.json').read_text())
    return {stage['path']: stage for stage in record['stages']}


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory) -> Path:
    config = write_tiny(tmp_path_factory.mktemp('data'))
    with config.open('a') as file:
        file.write(EXPERIMENT)
    work_dir = tmp_path_factory.mktemp('work')
    with pytest.MonkeyPatch.context() as patch:
        experiment(patch, config, '--work-dir', work_dir)
    return work_dir


@pytest.mark.slow
def test_every_setting_has_a_run_of_its_own(work_dir):
    (letter,) = RIST(num_stages=1, num_paths=1, seed=3).paths[0]
    trained = {
        folder.name: set(stages(folder / 'seed_3')) for folder in work_dir.iterdir()
    }
    assert trained == {
        'stage_0': {'0'},
        'all': {'0', 'P', 'PP', letter},
        'no CL': {'0', 'P', letter},
        'slow': {'0'},
    }
    record = json.loads((work_dir / 'all/seed_3/record.json').read_text())
    assert record['run']['seed'] == 3
    assert record['run']['policy']['policies']['random']['seed'] == 3


@pytest.mark.slow
def test_settings_share_stage_0_if_they_would_train_the_same(work_dir):
    (shared,) = stages(work_dir / 'stage_0/seed_3').values()
    assert shared['iters'] == 5
    for name in ('all', 'no CL'):
        root = stages(work_dir / name / 'seed_3')['0']
        assert root['iters'] == 0
        assert (root['dev'], root['test']) == (shared['dev'], shared['test'])
    assert stages(work_dir / 'slow/seed_3')['0']['iters'] == 5


def test_settings_are_merged_into_the_config(work_dir):
    dumped = {}
    for name in ('all', 'no CL', 'slow'):
        dumped[name] = Config.fromfile(work_dir / name / 'seed_3/run_config.py')
    assert dumped['all'].train_cfg.consistency.loss_weight == 0.1
    assert dumped['no CL'].train_cfg.consistency is None
    assert dumped['slow'].optim_wrapper.optimizer == dict(
        type='SGD', lr=0.01, momentum=0.9
    )
    assert {cfg.randomness.seed for cfg in dumped.values()} == {3}
    assert not any('experiment' in cfg for cfg in dumped.values())
    losses = {
        name: (work_dir / name / 'seed_3/stages/P').glob('*/vis_data/scalars.json')
        for name in ('all', 'no CL')
    }
    losses = {name: next(files).read_text() for name, files in losses.items()}
    assert 'consistency' in losses['all']
    assert 'consistency' not in losses['no CL']


def test_a_second_call_trains_nothing_and_says_where_records_are(
    work_dir, monkeypatch, capsys
):
    files = sorted(work_dir.glob('*/*/stages/*/checkpoint.pth'))
    before = [file.stat().st_mtime_ns for file in files]
    again = work_dir.with_name('again.py')
    source = Config.fromfile(work_dir / 'all/seed_3/run_config.py')
    source.pop('load_from')
    source.dump(again)
    with again.open('a') as file:
        file.write('\nexperiment = dict(seeds=[3], settings=dict(all=dict()))\n')
    experiment(monkeypatch, again, '--work-dir', work_dir)
    assert [file.stat().st_mtime_ns for file in files] == before
    best = stages(work_dir / 'all/seed_3')
    lines = capsys.readouterr().out.splitlines()
    lines = [line for line in lines if line.startswith(('all, ', 'The records'))]
    name = max(best, key=lambda name: (best[name]['dev']['mIoU'], -len(name)))
    assert lines == [
        f'all, seed 3: stage {name}, dev {best[name]["dev"]["mIoU"]:.2f}, '
        f'test {best[name]["test"]["mIoU"]:.2f}',
        f'The records are {work_dir}/*/seed_*/record.json',
    ]


@pytest.mark.parametrize(
    ('overrides', 'same'),
    [
        ({'train_cfg.consistency': None, 'train_cfg.stage_iters': 9}, True),
        ({'unlabeled_dataloader.batch_size': 9}, True),
        ({'train_cfg.label_erase': dict(keep=0.5), 'train_cfg.stage_ratio': 0.1}, True),
        ({'train_cfg.perturbation': {}, 'train_cfg.labeling': dict(flip=True)}, True),
        ({'train_cfg.restart': True}, True),
        ({'train_cfg.initial_iters': 9}, False),
        ({'train_dataloader.dataset.data_root': 'elsewhere'}, False),
        ({'model.backbone.init_cfg': dict(checkpoint='other.pth')}, False),
        ({'custom_hooks': [dict(type='EMAHook')]}, False),
    ],
)
def test_settings_share_stage_0_where_it_is_the_same(tmp_path, overrides, same):
    tool = runpy.run_path(str(ROOT / 'tools/experiment.py'))
    base = Config.fromfile(write_tiny(tmp_path))
    base.work_dir = str(tmp_path)
    cfg = tool['setting_config'](base, overrides, 'name', 0)
    assert (tool['of_stage_0'](cfg) == tool['of_stage_0'](base)) is same


def test_stage_0_does_not_depend_on_variables_of_the_config_file():
    """Such as the policies, whose seeds differ."""
    tool = runpy.run_path(str(ROOT / 'tools/experiment.py'))
    base = Config.fromfile(ROOT / 'configs/experiments/camvid_1-16_policies.py')
    base.work_dir = 'work_dirs'
    cfg = tool['setting_config'](base, {}, 'name', 3)
    assert cfg.policies != base.policies
    assert tool['of_stage_0'](cfg) == tool['of_stage_0'](base)


@pytest.mark.slow
def test_a_setting_starts_from_what_another_config_trains(tmp_path, monkeypatch):
    other = write_semi(tmp_path / 'other', 'ClassMix')
    with other.open('a') as file:
        file.write("""
default_hooks['checkpoint'].update(save_best='mIoU')
train_cfg['val_interval'] = 3
""")
    config = write_tiny(tmp_path / 'own')
    with config.open('a') as file:
        file.write(f"""
train_cfg.update(policy=dict(type='FixedPath', path='P'))
experiment = dict(seeds=[3], settings=dict(mixed=dict(stage_0='{other}')))
""")
    work_dir = tmp_path / 'work'
    experiment(monkeypatch, config, '--work-dir', work_dir)
    # the best iteration, which with save_best takes the place of the last
    (trained,) = (work_dir / 'stage_0/mixed/seed_3').glob('best_mIoU_iter_[35].pth')
    assert trained.with_name('iter_5.pth').exists()
    first = torch.load(trained, weights_only=False)
    assert first['meta']['seed'] == 3
    root = stages(work_dir / 'mixed/seed_3')['0']
    assert root['iters'] == 0
    kept = torch.load(work_dir / 'mixed/seed_3' / root['checkpoint'])['state_dict']
    assert kept.keys() == first['state_dict'].keys()
    assert all(map(torch.equal, kept.values(), first['state_dict'].values()))
    before = trained.stat().st_mtime_ns
    experiment(monkeypatch, config, '--work-dir', work_dir)
    assert trained.stat().st_mtime_ns == before
    plain = Config(dict(work_dir=str(trained.parent)))
    model = runpy.run_path(str(ROOT / 'tools/experiment.py'))['trained_model'](plain)
    assert model == str(trained.with_name('iter_5.pth'))


def test_what_another_config_trains_is_distributed_too(tmp_path):
    tool = runpy.run_path(str(ROOT / 'tools/experiment.py'))
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    base = Config(
        dict(launcher='pytorch', model_wrapper_cfg=wrapper, work_dir=str(tmp_path))
    )
    other = str(write_semi(tmp_path / 'other', 'ClassMix'))
    cfg = tool['other_training'](other, base, 'mixed', 3)
    assert (cfg.launcher, cfg.model_wrapper_cfg) == ('pytorch', wrapper)


def test_a_config_without_an_experiment_is_refused(monkeypatch):
    config = ROOT / 'configs/gist/deeplabv3plus_shapes_rist.py'
    with pytest.raises(UserError, match='has no `experiment`: use tools/train.py'):
        experiment(monkeypatch, config)


# ------------------------------------------- commands that read what runs left


def test_dev_areas_give_the_records_scores(work_dir, monkeypatch):
    folder = work_dir / 'all/seed_3'
    call('dev_areas', folder)
    content = json.loads((folder / 'dev_areas.json').read_text())
    rows = stages(folder)
    assert list(content['stages']) == list(rows)
    for name, areas in content['stages'].items():
        assert sorted(areas) == ['dev0', 'dev1', 'dev2']
        scores = mean_iou(np.array(list(areas.values())))
        assert scores == pytest.approx(rows[name]['dev']['mIoU'], abs=0.011)

    # what is there is not evaluated again, what is missing is
    kept = {name: 'kept' for name in content['stages'] if name != 'P'}
    (folder / 'dev_areas.json').write_text(json.dumps(content | dict(stages=kept)))
    call('dev_areas', folder)
    again = json.loads((folder / 'dev_areas.json').read_text())['stages']
    assert again == kept | dict(P=content['stages']['P'])


def test_dev_areas_of_another_list(work_dir):
    folder = work_dir / 'slow/seed_3'
    call('dev_areas', folder)
    call(
        'dev_areas', folder, '--cfg-options', 'val_dataloader.dataset.ann_file=test.txt'
    )
    (areas,) = json.loads((folder / 'dev_areas.json').read_text())['stages'].values()
    assert sorted(areas) == ['test0', 'test1', 'test2']
    assert mean_iou(np.array(list(areas.values()))) == pytest.approx(
        stages(folder)['0']['test']['mIoU'], abs=0.011
    )


def test_label_shares_count_the_files(work_dir, tmp_path):
    folder = work_dir / 'all/seed_3'
    call('label_shares', folder, 'PP', '--images', '2', '--out', tmp_path / 'grid')
    content = json.loads((folder / 'label_shares.json').read_text())
    made = {
        stage: {
            file.name: np.bincount(np.array(Image.open(file)).ravel(), minlength=3)
            for file in (folder / f'stages/{stage}/pseudo_labels').glob('*[0-9].png')
        }
        for stage in '0P'
    }
    common = made['0'].keys() & made['P'].keys()
    assert 0 < len(common) < len(made['0'])
    assert content['classes'] == ['a', 'b', 'c']
    assert content['paths']['PP'] == dict(
        images=len(common),
        stages={
            stage: sum(files[name] for name in common).tolist()
            for stage, files in made.items()
        },
    )
    cfg = Config.fromfile(folder / 'run_config.py')
    labels = Path(cfg.train_dataloader.dataset.data_root, 'labels')
    pixels = sum(
        np.bincount(np.array(Image.open(file)).ravel(), minlength=3)
        for file in labels.glob('labeled*.png')
    )
    assert content['labeled'] == pixels.tolist()
    with Image.open(tmp_path / 'grid_PP.png') as image:
        assert image.width > image.height  # two rows of an image and two labels


def test_the_picture_has_a_column_a_stage(tmp_path):
    for name in ('image', 'label'):
        Image.new('L', (8, 4), name == 'image' and 100).save(tmp_path / f'{name}.png')
    names = [str(tmp_path / 'image.png')]
    labels = {
        stage: dict.fromkeys(names, tmp_path / 'label.png')
        for stage in ((), ('L', 'P'))
    }
    draw = runpy.run_path(str(ROOT / 'tools/analysis/label_shares.py'))['draw']
    kept = []
    draw.__globals__['save'] = lambda figure, file: kept.append(figure)
    draw(labels, [[200, 50, 0]], 4, 'unused.png')
    (figure,) = kept
    assert [axes.get_title() for axes in figure.axes] == ['', 'stage 0', 'stage 2']
    shown = [np.asarray(axes.images[0].get_array())[0, 0] for axes in figure.axes]
    assert shown[0].tolist() == [100, 100, 100]
    for color in shown[1:]:  # the label's at 0.6, the image's at 0.4
        assert color == pytest.approx([160, 70, 40], abs=1)


def test_label_shares_need_pseudo_labels(work_dir):
    with pytest.raises(
        UserError, match='no image has pseudo-labels of every stage of L'
    ):
        call('label_shares', work_dir / 'slow/seed_3', 'L')


def test_the_least_reliable_images_come_first(work_dir, capsys):
    folder = work_dir / 'all/seed_3'
    call('reliability', folder, 'PP')
    with open(folder / 'reliability.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    values = [float(row['reliability']) for row in rows]
    assert values == sorted(values)
    for row in rows:
        name = f'{Path(row["image"]).stem}.png'
        first, last = (
            np.array(Image.open(folder / f'stages/{stage}/pseudo_labels' / name))
            for stage in '0P'
        )
        assert (float(row['reliability']) == 1) == (first == last).all()
    assert f'{len(rows)} images by the models of 0, P' in capsys.readouterr().out


def test_reliability_needs_two_models(work_dir):
    with pytest.raises(UserError, match='P: only the model of stage 0 has labeled'):
        call('reliability', work_dir / 'all/seed_3', 'P')


def test_reliability_by_which_a_stage_has_drawn(work_dir):
    """What stage 0's own models at thirds gave, of the images that P drew."""
    folder = work_dir / 'all/seed_3'
    labels = (folder / 'stages/0/pseudo_labels').glob('*_confidence.png')
    names = [file.name.replace('_confidence', '') for file in sorted(labels)]
    call('reliability', folder, 'PP')
    (image, *_) = read_list(folder / 'reliability.csv')
    images = [str(Path(image).with_name(name)) for name in names]
    given = {image: index / 16 for index, image in enumerate(images)}
    given['never/drawn.png'] = 0.5
    rows = [dict(image=image, reliability=value) for image, value in given.items()]
    ranked = folder / 'stages/0/reliability.csv'
    write_list(rows, ranked)
    call('reliability', folder, 'P')
    ranked.unlink()
    found = read_list(folder / 'reliability.csv')
    assert found == {image: given[image] for image in images}


def test_confusion_by_hand():
    tool = runpy.run_path(str(ROOT / 'tools/analysis/label_quality.py'))
    human = np.array([[0, 0, 1], [1, 255, 1]], np.uint8)
    label = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)
    kept = np.array([[True, True, True], [True, True, False]])
    counts = tool['confusion'](human, label, kept, classes=2)
    assert counts.tolist() == [[1, 1, 0], [1, 1, 1]]
    content = dict(classes=['a', 'b'], stages={'P': {'0.5': counts.tolist()}})
    shown = ('human', 'labels >= 0.5', 'recall >= 0.5', 'precision >= 0.5')
    rows = tool['rows_of'](content, 'P', [0.5])
    assert [row['class'] for row in rows] == ['a', 'b', 'all']
    assert [[row[name] for name in shown] for row in rows] == [
        pytest.approx([40, 40, 50, 50]),
        pytest.approx([60, 40, 100 / 3, 50]),
        pytest.approx([100, 80, 40, 50]),
    ]


def test_label_quality_against_hidden_labels(work_dir, capsys):
    folder = work_dir / 'all/seed_3'
    labels = folder / 'stages/0/pseudo_labels'
    cfg = Config.fromfile(folder / 'run_config.py')
    data = Path(cfg.train_dataloader.dataset.data_root)
    confidences = [np.array(Image.open(f)) for f in labels.glob('*_confidence.png')]
    threshold = (np.median(confidences) / 255).round(3)
    kept = right = 0
    for file in labels.glob('*[0-9].png'):
        label = np.array(Image.open(file))
        human = label.copy()
        human[0] = (human[0] + 1) % 3  # one row of 24 is wrong
        human[1] = 255  # and one is not counted
        Image.fromarray(human).save(data / 'labels' / file.name)
        confidence = np.array(Image.open(labels / f'{file.stem}_confidence.png'))
        sure = np.delete(confidence >= threshold * 255, 1, axis=0)
        kept += sure.sum()
        right += sure[1:].sum()
    call(
        'label_quality',
        folder,
        '0',
        '--thresholds',
        threshold,
        '--out',
        folder / 'table',
    )
    expected = f'{100 * right / kept:.2f} |'
    assert 0 < right < kept
    assert capsys.readouterr().out.strip().endswith(expected)
    call('erase_quality', folder, '--erases', f'threshold={threshold}')
    share = f'| {100 * right / kept:.2f} |'
    assert share in capsys.readouterr().out
    call('reliability', folder, 'PP', '--truth')
    out = capsys.readouterr().out
    assert '| reliability |' in out and '| confidence |' in out
    (folder / 'run_config.py').rename(folder / 'moved.py')  # the counts are enough
    call('label_quality', folder / 'record.json', '0', '--thresholds', threshold)
    assert capsys.readouterr().out.strip().endswith(expected)
    with pytest.raises(UserError, match='there is no config'):
        call('label_quality', folder, '0', '--thresholds', 0.9)
    shutil.copy(folder / 'moved.py', folder / 'run_config.py')
    with pytest.raises(UserError, match='stage PP has made no pseudo-labels'):
        call('label_quality', folder, 'PP')
    cfg.train_dataloader.dataset.data_prefix.img_path = 'elsewhere'
    cfg.dump(folder / 'run_config.py')
    with pytest.raises(
        UserError, match='train_dataloader has no such image, and so no'
    ):
        call('label_quality', folder, '0', '--thresholds', 0.9)
    (folder / 'moved.py').rename(folder / 'run_config.py')
    for label in (data / 'labels').glob('unlabeled*.png'):
        label.unlink()
    for tool in (['label_quality', folder, '0'], ['reliability', folder, 'PP']):
        option = ['--thresholds', 0.9] if tool[0] == 'label_quality' else ['--truth']
        with pytest.raises(UserError, match='this unlabeled image has no human label'):
            call(*tool, *option)
