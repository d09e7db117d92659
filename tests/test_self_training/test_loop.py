"""IterativeSelfTrainingLoop in a real Runner on tiny real work."""

import errno
import json
import multiprocessing
import shutil
import subprocess
import sys
from multiprocessing.connection import wait
from pathlib import Path

import mmseg
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from mmseg.models import EncoderDecoder
from mmseg.registry import DATASETS, MODELS
from mmseg.visualization import SegLocalVisualizer
from PIL import Image
from tiny import write_tiny

from mmseg_gist.datasets.labels import count_values, read_label
from mmseg_gist.self_training import training
from mmseg_gist.self_training.executors import SerialExecutor
from mmseg_gist.self_training.loop import only_run_in
from mmseg_gist.self_training.path import to_name
from mmseg_gist.self_training.registry import EXECUTORS, POLICIES
from mmseg_gist.utils import UserError


def with_policy(cfg: Config, **policy) -> Config:
    cfg.train_cfg.policy = policy
    return cfg


def run(cfg: Config) -> dict:
    """Train; the record with its stages by path."""
    Runner.from_cfg(cfg).train()
    record = json.loads(Path(cfg.work_dir, 'record.json').read_text())
    record['stages'] = {stage['path']: stage for stage in record['stages']}
    return record


@pytest.fixture(scope='module')
def finished(config_file, tmp_path_factory) -> tuple:
    """A finished run of path PL: its config and its record."""
    cfg = Config.fromfile(config_file)
    cfg.work_dir = str(tmp_path_factory.mktemp('finished') / 'run')
    return cfg, run(cfg)


def test_the_best_stage_is_the_result(finished):
    cfg, record = finished
    assert list(record['stages']) == ['0', 'P', 'PL']
    scores = {path: row['dev']['mIoU'] for path, row in record['stages'].items()}
    assert scores[record['best']] == max(scores.values())
    assert {row['iters'] for row in record['stages'].values()} == {5, 3}
    assert len({row['seed'] for row in record['stages'].values()}) == 3


def test_the_runner_ends_with_the_weights_of_the_best_stage(finished):
    cfg, record = finished
    cfg = cfg.copy()
    cfg.resume = True  # all is done: it only loads the result
    runner = Runner.from_cfg(cfg)
    model = runner.train()
    best = Path(cfg.work_dir, record['stages'][record['best']]['checkpoint'])
    weights = torch.load(best, weights_only=True)['state_dict']
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name])
    assert runner.test()['mIoU'] == pytest.approx(
        record['stages'][record['best']]['test']['mIoU'], abs=1e-4
    )


def test_pseudo_labels_are_made_for_the_drawn_images_only(finished):
    cfg, record = finished
    labels = sorted(Path(cfg.work_dir, 'stages/0/pseudo_labels').glob('*.png'))
    assert len(labels) == 2 * 6  # 3 iterations of 2 images, label and confidence
    assert record['stages']['P']['pseudo_labels'] == dict(drawn=6, unlabeled=12)
    assert 'pseudo_labels' not in record['stages']['PL']
    image = Image.open(next(p for p in labels if 'confidence' not in p.name))
    assert image.mode == 'P'
    assert image.getpalette()[:9] == [0, 0, 0, 255, 0, 0, 0, 255, 0]
    assert set(np.unique(np.array(image))) <= {0, 1, 2}
    assert not list(Path(cfg.work_dir, 'stages').glob('*L/pseudo_labels'))


def test_what_was_kept_is_recorded(finished):
    """It is what the stage's own pipeline leaves: of each class as much as asked."""
    cfg, record = finished
    kept = record['stages']['P']['kept']
    assert 'kept' not in record['stages']['PL']
    stage = Config.fromfile(Path(cfg.work_dir, 'stages/P/tiny.py'))
    dataset = stage.train_dataloader.dataset.datasets[0]
    before, after = np.zeros(256), np.zeros(256)
    dataset.pipeline = dataset.pipeline[:3]
    assert dataset.pipeline[2].type == 'LabelErase'
    init_default_scope('mmseg')
    dataset = DATASETS.build(dataset)
    for index in range(len(dataset)):
        file = Path(dataset.get_data_info(index)['seg_map_path'])
        if file.exists():
            before += count_values(read_label(file))
            after += count_values(dataset[index]['gt_seg_map'])
    shares = [100 * a / b if b else None for a, b in zip(after[:3], before)]
    assert kept['classes'] == pytest.approx(shares, abs=0.01)
    assert all(share is None or share >= 70 for share in shares)
    assert kept['all'] == pytest.approx(100 * after[:3].sum() / before.sum(), abs=0.01)
    assert 70 <= kept['all'] < 100


@pytest.mark.slow
def test_labels_from_several_views(cfg):
    """One view is the plain prediction; more are their mean."""
    labels = {}
    for name, labeling in (
        ('plain', None),
        ('one', dict(scales=[1.0], flip=False)),
        ('many', dict(scales=[0.75, 1.25], flip=True)),
    ):
        this = with_policy(cfg.copy(), type='FixedPath', path='P')
        this.work_dir = f'{cfg.work_dir}_{name}'
        this.train_cfg.labeling = labeling
        run(this)
        folder = Path(this.work_dir, 'stages/0/pseudo_labels')
        labels[name] = {
            file.name: np.array(Image.open(file)) for file in folder.rglob('*.png')
        }
    for file, label in labels['plain'].items():
        assert np.abs(label - labels['one'][file].astype(int)).max() <= 1  # rounded
    assert any((labels['many'][k] != v).any() for k, v in labels['plain'].items())


def test_each_stage_has_a_work_dir_of_its_own(finished):
    cfg, record = finished
    for path in record['stages']:
        folder = Path(cfg.work_dir, 'stages', path)
        stage_cfg = Config.fromfile(folder / 'tiny.py')
        assert stage_cfg.work_dir == str(folder)
        logs = list(folder.glob('*/*.log'))
        assert len(logs) == 1
        losses = list(folder.glob('*/vis_data/scalars.json'))
        steps = [json.loads(line) for line in losses[0].read_text().splitlines()]
        steps = [step['iter'] for step in steps if 'loss' in step]
        assert steps == list(range(1, record['stages'][path]['iters'] + 1))
        assert not (folder / 'last.pth').exists()


@pytest.mark.slow
def test_nothing_of_a_stage_stays_in_the_process(finished, cfg):
    runner = Runner.from_cfg(cfg)
    names = {
        kind: list(kind._instance_dict)
        for kind in (MMLogger, MessageHub, Visualizer, SegLocalVisualizer)
    }
    runner.train()
    for kind, before in names.items():
        assert list(kind._instance_dict) == before
    assert MMLogger.get_current_instance() is runner.logger
    assert MessageHub.get_current_instance() is runner.message_hub


@pytest.mark.slow
def test_cudnn_tries_out_its_algorithms_on_crops_alone(cfg, monkeypatch):
    seen = dict(loss=set(), predict=set())

    def watch(name):
        method = getattr(EncoderDecoder, name)

        def watched(*args):
            seen[name].add(torch.backends.cudnn.benchmark)
            return method(*args)

        monkeypatch.setattr(EncoderDecoder, name, watched)

    watch('loss')
    watch('predict')
    monkeypatch.setattr(torch.backends.cudnn, 'benchmark', False)
    run(with_policy(cfg, type='FixedPath', path='P'))
    assert seen == dict(loss={True}, predict={False})


@pytest.mark.slow
def test_a_checkpoint_is_that_of_the_plain_model(finished, tmp_path):
    """mmseg's own test runner, without mmseg_gist, gives the record's mIoU."""
    cfg, record = finished
    checkpoint = Path(cfg.work_dir, record['stages']['PL']['checkpoint'])
    content = torch.load(checkpoint, weights_only=True)
    init_default_scope('mmseg')
    plain = MODELS.build(cfg.model)
    plain.load_state_dict(content['state_dict'], strict=True)

    keys = ('model', 'test_dataloader', 'test_evaluator', 'test_cfg', 'default_scope')
    plain_cfg = Config({key: cfg[key] for key in keys})
    plain_cfg.dump(tmp_path / 'plain.py')
    code = (
        'import sys, mmseg.utils, mmseg, unformatted_configs\n'
        'from mmengine.config import Config\n'
        'from mmengine.runner import Runner\n'
        'cfg = Config.fromfile(sys.argv[1])\n'
        'cfg.load_from, cfg.work_dir = sys.argv[2:]\n'
        'metrics = Runner.from_cfg(cfg).test()\n'
        "assert 'mmseg_gist' not in sys.modules\n"
        "print('mIoU', metrics['mIoU'])\n"
    )
    done = subprocess.run(
        [sys.executable, '-c', code, tmp_path / 'plain.py', checkpoint, tmp_path / 'w'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    measured = float(done.stdout.strip().splitlines()[-1].split()[1])
    assert round(measured, 4) == record['stages']['PL']['test']['mIoU']


@pytest.mark.slow
def test_mmsegs_own_tool_trains_the_config(finished, config_file, tmp_path):
    tool = Path(mmseg.__file__).parent / '.mim/tools/train.py'
    config = tmp_path / 'config.py'
    imports = "custom_imports = dict(imports=['mmseg_gist', 'unformatted_configs'])\n"
    config.write_text(config_file.read_text() + imports)
    done = subprocess.run(
        [sys.executable, tool, config, '--work-dir', tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / 'record.json').read_text())
    expected = finished[1]['stages'].values()
    measured = dict(seconds=0, memory=0)
    for ours, theirs in zip(expected, record['stages'], strict=True):
        assert dict(ours, **measured) == dict(theirs, **measured)


@pytest.mark.slow
@pytest.mark.parametrize(
    'policy, paths',
    [
        (dict(type='FIST', num_stages=2, alpha=0.25), ['0', '0.25', '0.25-0.25']),
        (dict(type='BatchwiseRandom', num_stages=1), ['0', 'B0.5']),
        (dict(type='GIST', num_stages=2), ['0', 'L', 'P', '?L', '?P']),
    ],
)
def test_every_policy_trains(cfg, policy, paths):
    record = run(with_policy(cfg, **policy))
    assert len(record['stages']) == len(paths)
    scores = {path: row['dev']['mIoU'] for path, row in record['stages'].items()}
    if policy['type'] == 'GIST':
        better = 'P' if scores['P'] >= scores['L'] else 'L'
        paths = [path.replace('?', better) for path in paths]
    assert list(record['stages']) == paths


@pytest.mark.slow
def test_classes_that_the_development_set_lacks_do_not_count(tmp_path):
    config = write_tiny(tmp_path / 'data')
    for file in config.parent.glob('labels/dev*.png'):
        label = np.array(Image.open(file))
        Image.fromarray(label.clip(max=1)).save(file)
    cfg = Config.fromfile(config)
    cfg.work_dir = str(tmp_path / 'run')
    scores = run(with_policy(cfg, type='FixedPath', path='0'))['stages']['0']
    assert scores['test']['IoU.c'] > 0  # so it is predicted
    assert 'IoU.c' not in scores['dev']
    mean = (scores['dev']['IoU.a'] + scores['dev']['IoU.b']) / 2
    assert scores['dev']['mIoU'] == pytest.approx(mean, abs=0.011)
    (log,) = Path(cfg.work_dir).glob('*/*.log')
    assert 'WARNING - The development set has no c: its mIoU, which' in log.read_text()


@pytest.mark.slow
def test_more_stages_are_added_by_resuming(cfg):
    run(with_policy(cfg, type='FixedPath', path='L'))
    first = Path(cfg.work_dir, 'stages/L/checkpoint.pth').stat().st_mtime_ns
    cfg.resume = True
    record = run(with_policy(cfg, type='FixedPath', path='LL'))
    assert list(record['stages']) == ['0', 'L', 'LL']
    assert Path(cfg.work_dir, 'stages/L/checkpoint.pth').stat().st_mtime_ns == first


@pytest.mark.slow
def test_only_the_best_is_kept(cfg):
    """Removing what the beam has left behind does not change what it finds."""
    policy = dict(type='GIST', num_stages=2)
    everything = run(with_policy(cfg, **policy))
    cfg.work_dir += '_best'
    cfg.train_cfg.keep = 'best'
    record = run(cfg)
    assert [row['dev'] for row in record['stages'].values()] == [
        row['dev'] for row in everything['stages'].values()
    ]
    stages = Path(cfg.work_dir, 'stages')
    kept = {file.parent.name for file in stages.glob('*/checkpoint.pth')}
    assert kept == {record['best']}
    assert {f.parent.name for f in stages.glob('*/pseudo_labels')} <= kept
    gone = next(
        path for path in record['stages'] if len(path) == 2 and path not in kept
    )
    assert list((stages / gone).glob('*/*.log'))

    cfg.train_cfg.policy = dict(type='FixedPath', path=f'{gone}P')
    cfg.resume = True
    with pytest.raises(UserError, match=rf"stage {gone}P .* is gone .*keep='best'"):
        run(cfg)


@pytest.mark.slow
def test_a_given_model_is_stage_0(finished, cfg):
    given, record = finished
    cfg.load_from = str(Path(given.work_dir, 'stages/P/checkpoint.pth'))
    again = run(with_policy(cfg, type='FixedPath', path='L'))
    assert again['stages']['0']['iters'] == 0
    assert again['stages']['0']['dev'] == record['stages']['P']['dev']


@pytest.mark.slow
def test_a_given_model_is_evaluated_with_the_users_hooks(finished, cfg):
    """EMAHook makes its model before a run and needs it where weights are loaded."""
    given, record = finished
    cfg.load_from = str(Path(given.work_dir, 'stages/P/checkpoint.pth'))
    cfg.custom_hooks = [dict(type='EMAHook')]
    again = run(with_policy(cfg, type='FixedPath', path='0'))
    assert again['stages']['0']['dev'] == record['stages']['P']['dev']


@pytest.mark.slow
def test_a_stage_whose_loss_is_not_finite_fails_alone(cfg):
    cfg.train_cfg.refinement = dict(optim_wrapper=dict(optimizer=dict(lr=1e30)))
    record = run(with_policy(cfg, type='GIST', num_stages=2))
    assert record['best'] == '0'
    assert [row['status'] for row in record['stages'].values()] == [
        'finished',
        'failed',
        'failed',
    ]
    assert 'loss' in record['stages']['P']['reason']
    assert 'iteration' in record['stages']['P']['reason']
    (log,) = Path(cfg.work_dir).glob('*/*.log')
    parent = f'{cfg.work_dir}/stages/0/checkpoint.pth'
    way_out = 'To train it with other settings, start in another --work-dir from '
    way_out += f'load_from={parent}\n'
    first, last = (f'Stage {p} failed: {record["stages"][p]["reason"]}. ' for p in 'PL')
    _, after_p, after_l, end = log.read_text().split('Stages so far:')
    assert f'{first}Other paths continue. {way_out}' in after_p
    assert f'{last}{way_out}' in after_l  # the last one that GIST asks for
    reasons = [f'{path}: {record["stages"][path]["reason"]}' for path in 'LP']
    assert f'Stages that failed: {"; ".join(reasons)}\n' in end


@EXECUTORS.register_module()
class LatestFirst(SerialExecutor):
    """Finishes what was submitted last, and keeps the rest waiting."""

    order = []

    def next_finished(self):
        self.waiting.rotate()
        row = super().next_finished()
        self.order.append(row['path'])
        return row


@pytest.mark.slow
def test_paths_of_rist_do_not_wait_for_each_other(cfg):
    cfg.train_cfg.executor = dict(type='LatestFirst')
    policy = dict(type='RIST', num_stages=3, num_paths=2, seed=1)
    one, other = POLICIES.build(dict(policy)).paths
    assert one[0] != other[0]
    run(with_policy(cfg, **policy))
    stages = [to_name(path[:depth]) for path in (other, one) for depth in range(1, 4)]
    assert LatestFirst.order == ['0', *stages]


@pytest.mark.slow
def test_a_failed_stage_keeps_its_last_finite_state(cfg):
    cfg.train_cfg.refinement = dict(optim_wrapper=dict(optimizer=dict(lr=1e30)))
    cfg.default_hooks.checkpoint.interval = 1
    for cfg.resume in (False, True):
        record = run(with_policy(cfg, type='FixedPath', path='L'))
        assert record['stages']['L']['status'] == 'failed'
        last = Path(cfg.work_dir, 'stages/L/last.pth')
        weights = torch.load(last, weights_only=False)['state_dict']
        assert all(value.isfinite().all() for value in weights.values())
    assert not Path(cfg.work_dir, 'stages/0/last.pth').exists()


@pytest.mark.slow
@pytest.mark.parametrize('path', ['0', 'P'])
def test_a_first_stage_that_fails_ends_the_run(cfg, path):
    cfg.optim_wrapper.optimizer.lr = 1e30
    message = 'stage 0 failed: .*lower the learning rate'
    for cfg.resume in (False, True):
        with pytest.raises(UserError, match=message):
            run(with_policy(cfg, type='FixedPath', path=path))


def fault(cfg: Config, message: str) -> None:
    with pytest.raises(UserError) as raised:
        Runner.from_cfg(cfg).train()
    assert message in str(raised.value)
    assert '\n' not in str(raised.value)


def test_a_finished_run_is_not_overwritten(finished, cfg):
    cfg.work_dir = finished[0].work_dir
    fault(cfg, 'record.json exists: continue it with --resume')


def test_stages_without_a_record_are_not_taken_for_the_runs_own(finished, cfg):
    shutil.copytree(finished[0].work_dir, cfg.work_dir)
    Path(cfg.work_dir, 'record.json').unlink()
    for cfg.resume in (False, True):
        fault(cfg, 'stages exists, but not the record of its stages: remove it, or')


@pytest.mark.slow
def test_two_runs_do_not_share_a_work_dir(cfg):
    runner = Runner.from_cfg(cfg)
    fork = multiprocessing.get_context('fork')
    here, there = fork.Pipe()

    def other_run():
        with only_run_in(cfg.work_dir):
            there.send('locked')
            there.recv()

    other = fork.Process(target=other_run, daemon=True)
    other.start()
    assert here in wait([here, other.sentinel])
    with pytest.raises(UserError, match='another run is training in'):
        runner.train()
    here.send('end')
    other.join()
    assert not Path(cfg.work_dir, 'stages').exists()
    runner.train()


def test_a_run_is_not_resumed_with_other_settings(finished, cfg):
    cfg.work_dir, cfg.resume = finished[0].work_dir, True
    cfg.optim_wrapper.optimizer.lr = 0.02
    cfg.train_cfg.stage_iters = 4
    fault(cfg, 'made with other settings (optim_wrapper, train_cfg.stage_iters)')


def test_a_run_is_not_resumed_with_another_seed(finished, cfg):
    cfg.work_dir, cfg.resume = finished[0].work_dir, True
    cfg.randomness = dict(seed=1)
    fault(cfg, 'was made with other settings (randomness.seed)')


def test_a_model_of_another_number_of_classes_is_refused(finished, cfg):
    content = torch.load(
        Path(finished[0].work_dir, 'stages/0/checkpoint.pth'), weights_only=True
    )
    for name in ('weight', 'bias'):
        key = f'decode_head.conv_seg.{name}'
        content['state_dict'][key] = content['state_dict'][key][:2]
    cfg.load_from = str(Path(cfg.work_dir).parent / 'two_classes.pth')
    torch.save(content, cfg.load_from)
    fault(cfg, 'decode_head.conv_seg.bias ((2,) in the file, (3,) in the model)')


def test_a_missing_model_is_named(cfg):
    cfg.load_from = 'nowhere.pth'
    fault(cfg, 'nowhere.pth does not exist: correct load_from')


def test_missing_pretrained_weights_are_named(cfg):
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='nowhere.pth')
    fault(cfg, 'nowhere.pth does not exist: put the weights there')
    fault(cfg, 'or set model.backbone.init_cfg to others')


def test_bad_data_end_a_run_before_it_starts(cfg):
    cfg.val_dataloader.dataset.ann_file = 'labeled.txt'
    fault(cfg, 'is in both the labeled set and the development set')
    assert not Path(cfg.work_dir, 'stages').exists()


def test_a_missing_folder_ends_a_run_before_it_starts(cfg):
    cfg.val_dataloader.dataset.type = 'PascalVOCDataset'  # asserts that it is there
    cfg.val_dataloader.dataset.data_prefix.img_path = 'elsewhere'
    fault(cfg, 'elsewhere: no such folder of the development set')


def test_pseudo_labels_that_would_lie_elsewhere_end_a_run_before_it_starts(cfg):
    """Classes of others write where their ids lead."""
    unlabeled = cfg.unlabeled_dataloader.dataset
    unlabeled.update(type='BaseSegDataset', ann_file='elsewhere.txt')
    root = Path(unlabeled.data_root)
    image = root / 'images/unlabeled0.png'
    copy = image.with_name('unlabeled0_confidence.png')
    copy.write_bytes(image.read_bytes())
    for ids, place in (
        ([f'{root}/images/unlabeled0'], 'outside its folder'),
        (['../images/unlabeled0'], 'outside its folder'),
        (['unlabeled0', 'unlabeled0_confidence'], f'that of {image}'),
    ):
        (root / 'elsewhere.txt').write_text('\n'.join(ids))
        fault(cfg, f'its pseudo-label would be {place}')
        assert not Path(cfg.work_dir, 'stages').exists()
    copy.unlink()


def test_a_work_dir_among_the_images_is_refused(cfg):
    unlabeled = cfg.unlabeled_dataloader.dataset
    del unlabeled['ann_file']
    cfg.work_dir = f'{unlabeled.data_root}/images/run'
    try:
        fault(cfg, f'is inside {unlabeled.data_root}/images, from which unlabeled_')
    finally:
        shutil.rmtree(cfg.work_dir)


@pytest.mark.slow
def test_a_full_disk_ends_in_one_line_and_is_resumed(cfg, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(training, 'save_plain', full)
        fault(cfg, 'no space left on the disk of')
    cfg.resume = True
    assert run(cfg)['best'] in ('0', 'P', 'PL')


@pytest.mark.parametrize(
    ('policy', 'message'),
    [
        (dict(type='GIST', num_stages=2, num_paths=2), "argument 'num_paths'"),
        (dict(type='GISST'), 'GISST is not in the mmseg::policy registry'),
        (dict(num_stages=2), 'must contain the key "type"'),
        (dict(type='PolicySet', policies=dict(a=1)), 'cfg should be a dict'),
    ],
)
def test_a_wrong_policy_is_told_in_one_line(cfg, policy, message):
    cfg.train_cfg.policy = policy
    fault(cfg, message)
    fault(cfg, 'train_cfg.policy: ')


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (
            {'train_cfg.consistency': dict(weight=1)},
            'train_cfg.consistency: ConsistencyLoss.__init__() got an unexpected',
        ),
        (
            {'train_cfg.consistency': dict(momentum=99)},
            'momentum = 99 is not in (0, 0.5]: as in mmengine it is the weight of',
        ),
        (
            {'train_cfg.temperature_scaling.T': 0},
            'TemperatureScaling: T = 0 is not above 0',
        ),
        (
            {'train_cfg.label_erase': dict(_delete_=True, threshold=2)},
            'LabelErase: threshold 2 is not in [0, 1]',
        ),
        (
            {'train_cfg.label_erase': dict(keep=[0.2, 2])},
            'LabelErase: keep [0.2, 2] is not in (0, 1]',
        ),
        (
            {'unlabeled_dataloader.dataset.pipeline.1.type': 'RandomFlip'},
            'unlabeled_dataloader.dataset.pipeline has no LoadAnnotations',
        ),
        (
            {'unlabeled_dataloader.dataset.indices': 4},
            'unlabeled_dataloader.dataset.indices is not for pseudo-labels: name the',
        ),
        ({'val_evaluator.prefix': 'dev'}, 'val_evaluator gives no mIoU'),
        ({'val_evaluator.iou_metrics': ['mDice']}, 'val_evaluator gives no mIoU'),
    ],
)
def test_what_later_stages_use_is_checked_before_stage_0(cfg, settings, message):
    cfg.merge_from_dict(settings)
    fault(cfg, message)
    assert not Path(cfg.work_dir, 'stages').exists()


def test_loaders_that_are_missing_are_named(cfg):
    dataset = cfg.unlabeled_dataloader.dataset
    cfg.unlabeled_dataloader.dataset = dict(type='RepeatDataset', dataset=dataset)
    fault(cfg, 'unlabeled_dataloader.dataset is a RepeatDataset: name all')
    cfg.unlabeled_dataloader = None
    fault(cfg, 'unlabeled_dataloader is missing')
    cfg = Config(dict(cfg.to_dict(), val_cfg=None, val_evaluator=None))
    cfg.val_dataloader = None
    cfg.unlabeled_dataloader = cfg.train_dataloader
    fault(cfg, 'val_dataloader is missing')


@pytest.mark.slow
def test_a_given_model_needs_no_counters_of_batch_norm(finished, cfg, tmp_path):
    """Older files, such as DeepLab-v2's COCO weights, have none."""
    given, record = finished
    file = Path(given.work_dir, 'stages/P/checkpoint.pth')
    weights = torch.load(file, weights_only=True)['state_dict']
    kept = {k: v for k, v in weights.items() if 'num_batches_tracked' not in k}
    assert len(kept) < len(weights)
    cfg.load_from = str(tmp_path / 'older.pth')
    torch.save(dict(state_dict=kept), cfg.load_from)
    again = run(with_policy(cfg, type='FixedPath', path='0'))
    assert again['stages']['0']['dev'] == record['stages']['P']['dev']
