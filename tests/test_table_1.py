"""The configs of the paper's Table I hold the values that the paper gives."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import get_external_models
from mmseg.registry import MODELS
from shipped_configs import FOLDER, load, one, stage_of

from mmseg_gist.self_training.registry import POLICIES
from mmseg_gist.self_training.stage import Stage

TABLE_1 = [
    *(f'voc_{part}' for part in ('1-50', '1-20', '1-8')),
    *(f'cityscapes_{part}' for part in ('1-50', '1-30', '1-20', '1-8', '1-4')),
]
# Iterations of a stage 1 to 9, batch, crop (height, width), classes.
PAPER = dict(
    voc=(3000, 8, (321, 321), 21),
    cityscapes=(4000, 6, (256, 512), 19),
)
BASES = ('supervised', 's4gan', 'classmix')
EXPERIMENTS = ['policies', 'paths', 'dev_size', 'addons', 'semi_supervised']


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def check_paper(cfg: Config, cell: str, max_iters: int) -> None:
    """What the paper says about a training of Table I."""
    _, batch, crop, classes = PAPER[cell.split('_')[0]]
    model = cfg.model.get('segmentor', cfg.model)
    model = model.get('segmentor', model)
    assert (model.backbone.type, model.backbone.depth) == ('DeepLabV2ResNet', 101)
    assert model.backbone.norm_eval and not model.backbone.norm_cfg.requires_grad
    assert model.init_cfg.checkpoint == 'checkpoints/deeplabv2_r101_coco.pth'
    assert model.decode_head.num_classes == classes
    assert cfg.train_cfg.max_iters == max_iters
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4
    )
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys == dict(
        decode_head=dict(lr_mult=10)
    )
    (schedule,) = cfg.param_scheduler
    assert (schedule['type'], schedule['power']) == ('PolyLR', 0.9)
    assert not {'begin', 'end'} & set(schedule)  # all of the training
    loaders = [cfg.train_dataloader, cfg.get('unlabeled_dataloader')]
    for loader in filter(None, loaders):
        assert loader.batch_size == batch
        for dataset in loader.dataset.get('datasets', [loader.dataset]):
            assert one(dataset.pipeline, 'RandomCrop')['crop_size'] == crop
            assert one(dataset.pipeline, 'RandomFlip')['prob'] == 0.5
            assert one(dataset.pipeline, 'RandomResize')['ratio_range'] == (0.5, 1.5)


@pytest.mark.parametrize('base', BASES)
@pytest.mark.parametrize('cell', TABLE_1)
def test_a_base_of_table_1(base, cell):
    suffix = '' if base == 'supervised' else f'_{base}'
    cfg = load(f'{base}/deeplabv2_{cell}{suffix}')
    check_paper(cfg, cell, 25000)
    # the result is the best iteration on the development set
    assert cfg.default_hooks.checkpoint.save_best == 'mIoU'
    assert cfg.train_cfg.val_interval <= 1000
    assert cfg.val_evaluator.labeled_only


@pytest.mark.parametrize('cell', TABLE_1)
def test_a_refined_row_of_table_1(cell):
    """With RIST. With GIST it differs in the policy alone, from S4GAN and ClassMix in
    load_from: see test_configs.py."""
    name = f'gist/deeplabv2_{cell}_rist'
    cfg = load(name)
    stages = POLICIES.build(cfg.train_cfg.policy)
    assert [len(path) for path in stages.paths] == [9, 9]
    assert cfg.train_cfg.temperature_scaling == dict(T=0.2)
    assert cfg.train_cfg.consistency
    assert cfg.train_cfg.get('perturbation') is None
    iters = PAPER[cell.split('_')[0]][0]
    for path in (('L',), ('P',)):
        assert Stage(cfg, path).iters == iters
        stage = stage_of(name, *path)
        check_paper(stage, cell, iters)
        (dataset,) = stage.train_dataloader.dataset.datasets
        kinds = [step['type'] for step in dataset.pipeline]
        assert ('LabelErase' in kinds) == (path == ('P',))
    first = stage_of(name)
    check_paper(first, cell, 25000)
    assert first.train_cfg.val_interval <= 1000


@pytest.mark.parametrize('data, classes', [('voc', 21), ('cityscapes', 19)])
def test_label_erase_asks_for_the_same_plain_probability(data, classes):
    """0.965, by the formula of the docs."""
    cfg = load(f'gist/deeplabv2_{data}_1-50_rist')
    largest = 0.965**0.2
    others = (classes - 1) * (0.035 / (classes - 1)) ** 0.2
    threshold = round(largest / (largest + others), 2)
    assert cfg.train_cfg.label_erase == dict(threshold=threshold)


def caffe_resnet_101() -> set[str]:
    """The tensors of the model zoo's detectron2/resnet101_caffe, by hand."""
    norm = ('weight', 'bias', 'running_mean', 'running_var')
    names = {'conv1.weight', *(f'bn1.{each}' for each in norm)}
    for stage, blocks in enumerate((3, 4, 23, 3), start=1):
        for block in range(blocks):
            place = f'layer{stage}.{block}'
            for i in (1, 2, 3):
                names.add(f'{place}.conv{i}.weight')
                names |= {f'{place}.bn{i}.{each}' for each in norm}
            if block == 0:
                names.add(f'{place}.downsample.0.weight')
                names |= {f'{place}.downsample.1.{each}' for each in norm}
    return names


@pytest.mark.slow
@pytest.mark.parametrize(
    'name, prefix',
    [
        ('gist/deeplabv2_voc_1-50_rist', ''),
        ('s4gan/deeplabv2_voc_1-50_s4gan', 'segmentor.'),
    ],
)
def test_imagenet_weights_by_the_options_of_the_docs(
    name, prefix, tmp_path, monkeypatch
):
    """Of a file of the zoo's name and keys, in the place of one downloaded before."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    docs = (FOLDER.parent / 'docs/self_training.md').read_text()
    options = re.findall(r'(model\.\S+)=(\S+)', docs)
    options = [pair for pair in options if 'init_cfg' in pair[0]]
    assert len(options) == 3
    cfg = deepcopy(load(name))
    for key, value in options:
        key = key.replace('model.', f'model.{prefix}')
        cfg.merge_from_dict({key: None if value == 'None' else value})
    segmentor = cfg.model.segmentor if prefix else cfg.model
    (url,) = [value for key, value in options if 'checkpoint' in key]
    file = get_external_models()[url.removeprefix('open-mmlab://')].split('/')[-1]
    assert file == 'resnet101_msra-6cc46731.pth'
    model = MODELS.build(segmentor)
    shapes = model.backbone.state_dict()
    keys = caffe_resnet_101()
    assert keys == {key for key in shapes if 'num_batches_tracked' not in key}
    (tmp_path / 'hub/checkpoints').mkdir(parents=True)
    given = {key: torch.full_like(shapes[key], 0.5) for key in sorted(keys)}
    torch.save(given, tmp_path / 'hub/checkpoints' / file)
    model.init_weights()
    for key, value in model.backbone.state_dict().items():
        assert key not in keys or (value == 0.5).all(), key
    stds = [round(conv.weight.std().item(), 4) for conv in model.decode_head.convs]
    assert stds == [0.01] * 4


@pytest.mark.parametrize('name', EXPERIMENTS)
def test_experiments_train_as_the_rows_of_table_1(name):
    """But for what each is about: policies, and the lists of development images."""
    cfg, rist = (
        load(f'experiments/voc_1-50_{name}'),
        load('gist/deeplabv2_voc_1-50_rist'),
    )
    ours, theirs = deepcopy(cfg.to_dict()), deepcopy(rist.to_dict())
    lists = []
    for each in (ours, theirs):
        del each['train_cfg']['policy']
        each.pop('splits')
        for kind in ('unlabeled', 'val'):
            ann_file = each[f'{kind}_dataloader']['dataset'].pop('ann_file')
            lists.append(Path(ann_file).name)
    end = '_500' if name == 'dev_size' else ''
    assert lists == [f'unlabeled{end}.txt', f'dev{end}.txt', 'unlabeled.txt', 'dev.txt']
    own = {'experiment', 'policies', 'configs'}
    assert {key: value for key, value in ours.items() if key not in own} == theirs
    # nine stages, but for the model as it is
    policies = POLICIES.build(cfg.train_cfg.policy).policies
    assert {'stage 0', 'RIST', 'GIST'} <= set(policies)
    for key, policy in policies.items():
        if key.startswith('GIST'):
            assert policy.num_stages == 9
        else:
            assert {len(path) for path in policy.paths} == {
                9 if key != 'stage 0' else 0
            }


def test_each_row_of_table_5_has_one_thing_more():
    cfg = load('experiments/voc_1-50_addons')
    rows = []
    for overrides in cfg.experiment.settings.values():
        row = deepcopy(cfg)
        row.merge_from_dict(overrides)
        settings = row.train_cfg
        erase, scaling = settings.label_erase, settings.temperature_scaling.T != 1
        rows.append((bool(settings.consistency), bool(erase), bool(erase) and scaling))
    on, off = True, False
    assert list(cfg.experiment.settings) == ['none', 'CL', 'CL+LE']
    assert rows == [(off, off, off), (on, off, off), (on, on, off)]
    assert cfg.train_cfg.label_erase and cfg.train_cfg.temperature_scaling.T == 0.2


def test_the_bases_of_table_1_are_the_shipped_configs():
    settings = load('experiments/voc_1-50_semi_supervised').experiment.settings
    files = [Path(setting.get('stage_0', '')).name for setting in settings.values()]
    assert files == [
        '',
        'deeplabv2_voc_1-50_s4gan.py',
        'deeplabv2_voc_1-50_classmix.py',
    ]
