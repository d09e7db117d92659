"""What users set: it works, or one line says why not before anything is trained."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from PIL import Image
from tiny import write_tiny

from mmseg_gist.cli import read_config
from mmseg_gist.evaluation.pseudo_label_writer import write_pseudo_label
from mmseg_gist.self_training.config import stage_config
from mmseg_gist.self_training.fingerprint import fingerprint
from mmseg_gist.self_training.labeler import label_files, labeler_config
from mmseg_gist.self_training.policies import GIST, BatchwiseRandom, PolicySet
from mmseg_gist.self_training.rehearsal import mixes_of
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import UserError

METAINFO = dict(classes=['a', 'b', 'c'], palette=[[0, 0, 0], [9, 9, 9], [8, 8, 8]])


def run(cfg: Config, path: str) -> dict:
    """Train this path; the stages of the record."""
    cfg.train_cfg.policy = dict(type='FixedPath', path=path)
    Runner.from_cfg(cfg).train()
    record = json.loads(Path(cfg.work_dir, 'record.json').read_text())
    return {stage['path']: stage for stage in record['stages']}


def weights(cfg: Config, path: str) -> dict:
    file = Path(cfg.work_dir, 'stages', path, 'checkpoint.pth')
    return torch.load(file, weights_only=True)['state_dict']


def log(cfg: Config) -> str:
    (file,) = Path(cfg.work_dir).glob('*/*.log')
    return file.read_text()


def save(file: Path, array: np.ndarray) -> None:
    Image.fromarray(array.astype('uint8')).save(file)


# ----------------------------------------------------------------- what works


@pytest.mark.slow
def test_one_run_with_many_of_them(tmp_path):
    """Batches of several sizes, another ignored label, labels read by OpenCV, workers
    that persist where there are none, mixed precision without a GPU, another optimizer
    in refinement, and development images as test images."""
    folder = write_tiny(tmp_path / 'data').parent
    for kind in ('unlabeled', 'dev'):
        for i, file in enumerate(sorted(folder.glob(f'images/{kind}*.png'))):
            label = folder / 'labels' / file.name
            for each in {file, label if kind == 'dev' else file}:
                size = (32 + 2 * (i % 3), 24 + 4 * (i % 2))
                Image.open(each).resize(size, Image.NEAREST).save(each)
    for file in folder.glob('labels/*.png'):
        label = np.array(Image.open(file))
        save(file, np.where(np.arange(label.shape[1]) < 4, 250, label))
    cfg = Config.fromfile(folder / 'tiny.py')
    cfg.work_dir = str(tmp_path / 'run')
    names = ('train', 'unlabeled', 'val', 'test')
    for loader in (cfg[f'{name}_dataloader'] for name in names):
        loader.update(num_workers=0, persistent_workers=True, prefetch_factor=2)
        for step in loader.dataset.pipeline:
            if step.type == 'LoadAnnotations':
                step.imdecode_backend = 'cv2'
    cfg.model.decode_head.ignore_index = 250
    cfg.model.data_preprocessor.seg_pad_val = 250
    cfg.train_dataloader.dataset.ignore_index = 250
    cfg.val_dataloader.dataset.ignore_index = 250
    cfg.val_dataloader.batch_size = 3
    cfg.val_evaluator.ignore_index = 250
    cfg.test_dataloader, cfg.test_evaluator = cfg.val_dataloader, cfg.val_evaluator
    cfg.optim_wrapper = dict(
        type='AmpOptimWrapper',
        dtype='bfloat16',
        optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.99)),
    )
    cfg.train_cfg.refinement = dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
    )
    stages = run(cfg, 'PL')
    assert [stage['status'] for stage in stages.values()] == ['finished'] * 3
    assert stages['P']['pseudo_labels']['drawn'] == 6
    for stage in stages.values():
        assert stage['test']['mIoU'] == stage['dev']['mIoU']
    assert 'the test set is the development set' in log(cfg)
    of_stage = Config.fromfile(Path(cfg.work_dir, 'stages/P/tiny.py'))
    optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
    assert of_stage.optim_wrapper.optimizer == optimizer
    assert of_stage.optim_wrapper.type == 'AmpOptimWrapper'
    (of_stage_log,) = Path(cfg.work_dir).glob('stages/P/*/*.log')
    assert 'AmpOptimWrapper needs a GPU' in of_stage_log.read_text()
    # what is erased gets the label that is ignored
    dataset = of_stage.train_dataloader.dataset.datasets[0]
    dataset.pipeline = dataset.pipeline[:3]
    init_default_scope('mmseg')
    dataset = DATASETS.build(dataset)
    drawn = [
        dataset[index]['gt_seg_map']
        for index in range(len(dataset))
        if Path(dataset.get_data_info(index)['seg_map_path']).exists()
    ]
    values = np.unique(np.concatenate([label.ravel() for label in drawn]))
    assert 250 in values and set(values) <= {0, 1, 2, 250}


@pytest.mark.slow
def test_averaged_weights_are_scored_saved_and_handed_on(cfg):
    """A momentum of nearly 0 keeps the weights after the first iteration."""
    cfg.param_scheduler = None
    cfg.train_cfg.initial_iters = 1
    once = run(cfg, '0')
    one = weights(cfg, '0')
    cfg.custom_hooks = [dict(type='EMAHook', momentum=1e-7)]
    cfg.train_cfg.initial_iters = 5
    cfg.work_dir += '_ema'
    averaged = run(cfg, 'L')
    for name, value in weights(cfg, '0').items():
        if 'running' not in name and 'num_batches' not in name:
            assert torch.allclose(value, one[name], atol=1e-5), name
    buffers = [name for name in one if 'running_mean' in name]
    assert any(not torch.equal(weights(cfg, '0')[n], one[n]) for n in buffers)
    assert averaged['0']['dev'] != once['0']['dev']  # by the buffers, as in mmengine

    # with the buffers it is the model after one iteration; resumed it is the same
    cfg.custom_hooks[0].update_buffers = True
    cfg.work_dir += '_all'
    averaged = run(cfg, 'L')
    assert averaged['0']['dev'] == once['0']['dev']
    assert averaged['L']['status'] == 'finished'


@pytest.mark.slow
def test_a_pure_python_config_is_the_same(config_file, tmp_path):
    """Read by our tools, or by mmseg's own, which leave the classes as they are."""
    classes = dict(
        IoUMetric='mmseg.evaluation',
        BaseSegDataset='mmseg.datasets',
        EncoderDecoder='mmseg.models',
        LoadAnnotations='mmseg.datasets.transforms',
        LoadImageFromFile='mmcv.transforms',
        OptimWrapper='mmengine.optim',
        PolyLR='mmengine.optim',
        SGD='torch.optim',
        IterativeSelfTrainingLoop='mmseg_gist.self_training',
        FixedPath='mmseg_gist.self_training',
        PseudoLabelDataset='mmseg_gist.datasets',
    )
    old = read_config(str(config_file), None)
    old.train_cfg.policy.path = 'L'
    text = Config(old.to_dict()).pretty_text
    for name in classes:
        text = text.replace(f"type='{name}'", f'type={name}')
    imports = [f'from {module} import {name}' for name, module in classes.items()]
    file = tmp_path / 'new.py'
    file.write_text('\n'.join([*imports, text]))
    new = read_config(str(file), None)
    assert new.to_dict() == old.to_dict()
    options = dict(default_scope=None)
    assert read_config(str(file), options).default_scope == 'mmseg'
    # its dump has the full names of the classes
    dumped = tmp_path / 'dumped.py'
    Config.fromfile(file).dump(dumped)
    assert 'mmseg_gist.datasets.PseudoLabelDataset' in dumped.read_text()
    assert read_config(str(dumped), None).to_dict() == old.to_dict()

    raw = Config.fromfile(file)
    raw.train_dataloader.num_workers = 0
    raw.work_dir = str(tmp_path / 'run')
    Runner.from_cfg(raw).train()
    record = json.loads((tmp_path / 'run/record.json').read_text())
    old.load_from = None
    assert record['run']['settings'] == fingerprint(old)
    assert record['run']['policy'] == dict(type='FixedPath', path='L')
    assert 'IoU.a' in record['stages'][1]['dev']


@pytest.mark.parametrize('kind', ['BaseSegDataset', 'PseudoLabelDataset'])
def test_labels_are_erased_in_any_data_set(cfg, kind):
    """By the confidence beside the label, which data sets of others do not name."""
    init_default_scope('mmseg')
    cfg.unlabeled_dataloader.dataset.type = kind
    cfg.train_cfg.label_erase = dict(threshold=0.5)
    cfg.metainfo, cfg.randomness = METAINFO, dict(seed=0)
    file = next(iter(label_files(Stage(cfg, ('P',))).values()))
    label = np.arange(24 * 32).reshape(24, 32) % 3
    confidence = np.where(np.arange(32) < 8, 127, 128) * np.ones((24, 1))
    write_pseudo_label(file, label.astype('uint8'), confidence.astype('uint8'), [0] * 9)
    dataset = stage_config(Stage(cfg, ('P',))).train_dataloader.dataset.datasets[0]
    dataset.pipeline = dataset.pipeline[:-5]
    erased = DATASETS.build(dataset)[0]['gt_seg_map']
    assert np.array_equal(erased, np.where(np.arange(32) < 8, 255, label))


@pytest.mark.slow
def test_a_test_set_without_labels_gives_no_score(tmp_path):
    folder = write_tiny(tmp_path / 'data').parent
    for file in folder.glob('labels/test*.png'):
        save(file, np.full((24, 32), 255))
    cfg = Config.fromfile(folder / 'tiny.py')
    cfg.train_dataloader.num_workers = 0
    cfg.work_dir = str(tmp_path / 'run')
    assert run(cfg, '0')['0']['test'] is None
    assert 'test set are ignored (255): the test set gives no score' in log(cfg)
    cfg.resume = True
    assert list(run(cfg, 'L')) == ['0', 'L']


@pytest.mark.slow
def test_a_model_may_be_loaded_from_an_address(cfg, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    cfg.train_cfg.initial_iters = 1
    expected = run(cfg, '0')['0']['dev']
    serve = partial(SimpleHTTPRequestHandler, directory=Path(cfg.work_dir, 'stages/0'))
    serve.func.log_message = lambda *args: None
    server = ThreadingHTTPServer(('127.0.0.1', 0), serve)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f'http://127.0.0.1:{server.server_port}'
        cfg.work_dir += '_again'
        cfg.load_from = f'{address}/checkpoint.pth'
        assert run(cfg, '0')['0']['dev'] == expected
        cfg.work_dir += '_again'
        cfg.load_from = f'{address}/none.pth'
        with pytest.raises(UserError, match='none.pth cannot be loaded .*404'):
            run(cfg, '0')
    finally:
        server.shutdown()


@pytest.mark.slow
def test_a_list_of_data_sets_is_the_same_as_one(cfg, tmp_path):
    cfg.train_cfg.initial_iters = 2
    expected = run(cfg, '0')['0']
    for name, ids in (('train', 'labeled'), ('val', 'dev'), ('test', 'test')):
        whole = cfg[f'{name}_dataloader'].dataset
        lines = Path(whole.data_root, f'{ids}.txt').read_text().splitlines()
        parts = []
        for part, some in enumerate((lines[:1], lines[1:])):
            file = tmp_path / f'{ids}{part}.txt'
            file.write_text('\n'.join(some) + '\n')
            parts.append(dict(whole, ann_file=str(file)))
        wrapped = dict(type='ConcatDataset', datasets=parts)
        if name == 'train':
            wrapped = dict(type='RepeatDataset', times=1, dataset=wrapped)
        cfg[f'{name}_dataloader'].dataset = wrapped
    cfg.work_dir += '_wrapped'
    again = run(cfg, '0')['0']
    for key in ('dev', 'test', 'class_shares'):
        assert again[key] == expected[key]


# -------------------------------------------------------------- what does not


def schedule(**kwargs) -> dict:
    return dict(param_scheduler=dict(kwargs, _delete_=True))


def hook(**kwargs) -> dict:
    return dict(custom_hooks=[kwargs])


@pytest.mark.slow
@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (
            schedule(type='PolyLR', begin=0, end=9),
            'param_scheduler: PolyLR counts epochs, but stages count iterations',
        ),
        (
            schedule(type='ReduceOnPlateauLR', monitor='mIoU'),
            'ReduceOnPlateauLR needs scores during training',
        ),
        (
            {'default_hooks.checkpoint.by_epoch': True},
            'default_hooks.checkpoint counts epochs',
        ),
        (
            hook(type='EarlyStoppingHook', monitor='mIoU'),
            'EarlyStoppingHook needs scores during training',
        ),
        (
            hook(type='EMAHook', begin_iter=4),
            'EMAHook begins after stage P, which has 3 iterations',
        ),
        (
            {'train_cfg.max_iters': 9, 'train_cfg.val_interval': 3},
            'train_cfg has max_iters, val_interval, which self-training does not use',
        ),
        (
            {'model.decode_head.loss_decode.class_weight': [1.0, 2.0]},
            'model.decode_head.loss_decode has 2 numbers in class_weight',
        ),
        (
            {'model.decode_head.ignore_index': 250},
            'model.decode_head.ignore_index is 250, but '
            'model.data_preprocessor.seg_pad_val is 255',
        ),
        (
            {'unlabeled_dataloader.dataset.type': 'CityscapesDataset'},
            "unlabeled_dataloader.dataset: new classes ['a', 'b', 'c'] is not a subset",
        ),
        (
            {'test_evaluator.iou_metrics': ['mDice']},
            'test_evaluator gives no mIoU, but aAcc, mDice',
        ),
        (
            {'train_cfg.refinement.optim_wrapper.optimizer.betas': (0.9, 0.99)},
            'optim_wrapper of stage P: TypeError: ',
        ),
        (
            {'optim_wrapper': dict(_delete_=True, one=dict(), other=dict())},
            'optim_wrapper has one, other, but no optimizer: add one, or name your',
        ),
        (
            {'train_cfg.refinement.model.decode_head.loss_decode.class_weight': [1.0]},
            'the loss of stage P: ',
        ),
        (
            {'train_cfg.refinement.train_dataloader.dataset.pipeline': []},
            'train_dataloader of stage L: ',
        ),
        (
            {'val_dataloader.dataset.pipeline.2.meta_keys': ['none']},
            "val_dataloader or val_evaluator of stage 0: KeyError: 'ori_shape' (",
        ),
    ],
)
def test_what_cannot_be_trained_is_said_before_stage_0(cfg, settings, message):
    cfg.merge_from_dict(settings)
    path = 'L' if 'stage L' in message else 'P'
    with pytest.raises(UserError) as caught:
        run(cfg, path)
    assert message in str(caught.value), caught.value
    assert '\n' not in str(caught.value)
    assert not Path(cfg.work_dir, 'stages').exists()


def test_a_development_set_without_labels_is_refused(tmp_path):
    folder = write_tiny(tmp_path / 'data').parent
    for file in folder.glob('labels/dev*.png'):
        save(file, np.full((24, 32), 255))
    cfg = Config.fromfile(folder / 'tiny.py')
    cfg.work_dir = str(tmp_path / 'run')
    with pytest.raises(UserError, match='all labels of the development set are ign'):
        run(cfg, 'L')


def test_only_what_a_policy_asks_for_is_tried():
    assert mixes_of(GIST(num_stages=3)) == ['P', 'L']
    policies = dict(
        one=dict(type='FIST', num_stages=2, alpha=0.25),
        other=dict(type='FixedPath', path='LLP'),
    )
    init_default_scope('mmseg')
    assert mixes_of(PolicySet(policies)) == ['0.25', 'L', 'P']
    assert mixes_of(BatchwiseRandom(num_stages=1)) == ['B0.5']


@pytest.mark.slow
def test_a_stage_that_ends_in_an_error_leaves_the_others(cfg, monkeypatch):
    """Whatever it is: the stages before it can be continued from."""

    def fails(self, runner):
        if runner.work_dir.endswith('L'):
            raise RuntimeError('the disk is gone')

    cfg.custom_hooks = [dict(type='EMAHook')]
    monkeypatch.setattr(EMAHook, 'before_train', fails)
    with pytest.raises(RuntimeError, match='the disk is gone'):
        run(cfg, 'L')
    stage_0 = f'{cfg.work_dir}/stages/0/checkpoint.pth'
    assert 'continue with --resume, or with other settings in another ' in log(cfg)
    assert f'load_from={stage_0}' in log(cfg)
    monkeypatch.undo()
    cfg.resume = True
    assert run(cfg, 'L')['L']['status'] == 'finished'


def test_the_labeler_takes_images_of_several_sizes():
    cfg = Config(
        dict(
            model=dict(type='EncoderDecoder'),
            unlabeled_dataloader=dict(dataset=dict(type='PseudoLabelDataset')),
            val_dataloader=dict(batch_size=4, dataset=dict(pipeline=[])),
            train_cfg=dict(),
            metainfo=METAINFO,
            randomness=dict(seed=0),
            work_dir='work/run',
        )
    )
    assert labeler_config(Stage(cfg, ('P',)), [0]).test_cfg.type == 'BySizeTestLoop'
    cfg.val_dataloader.batch_size = 1
    assert labeler_config(Stage(cfg, ('P',)), [0]).test_cfg.type == 'TestLoop'
