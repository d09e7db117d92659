import copy
import json

import pytest
from mmengine.config import Config

from mmseg_gist.self_training.fingerprint import changed, fingerprint


def dataset(ids):
    return dict(
        type='BaseSegDataset',
        data_root='data/camvid',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        ann_file=f'configs/splits/1-16/{ids}.txt',
        pipeline=[
            dict(type='LoadImageFromFile', backend_args=None),
            dict(type='RandomCrop', crop_size=(160, 160)),
        ],
    )


def loader(ids):
    return dict(
        batch_size=8, num_workers=2, persistent_workers=True, dataset=dataset(ids)
    )


CFG = dict(
    model=dict(
        backbone=dict(
            depth=101, init_cfg=dict(type='Pretrained', checkpoint='weights/coco.pth')
        ),
        decode_head=dict(num_classes=11),
    ),
    optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
    param_scheduler=[dict(type='PolyLR', power=0.9)],
    train_dataloader=loader('labeled'),
    unlabeled_dataloader=loader('unlabeled'),
    val_dataloader=loader('dev'),
    test_dataloader=loader('test'),
    val_evaluator=dict(type='IoUMetric'),
    test_evaluator=dict(type='IoUMetric'),
    train_cfg=dict(
        type='IterativeSelfTrainingLoop',
        policy=dict(type='RIST', num_stages=9),
        initial_iters=1000,
        stage_iters=150,
        probabilities=dict(type='TemperatureScaling', T=0.2),
        consistency=None,
    ),
    default_hooks=dict(checkpoint=dict(interval=1000)),
    log_level='INFO',
)


def settings_changed_by(**options):
    """The names that differ when settings (``__`` for dots) are replaced."""
    cfg = Config(copy.deepcopy(CFG))
    before = fingerprint(cfg)
    for name, value in options.items():
        *parents, key = name.split('__')
        setting = cfg
        for parent in parents:
            setting = setting[int(parent) if parent.isdigit() else parent]
        setting[key] = value
    return changed(before, fingerprint(cfg))


@pytest.mark.parametrize(
    'options',
    [
        dict(train_dataloader__dataset__data_root='/mnt/disk/camvid'),
        dict(train_dataloader__dataset__data_prefix=dict(img_path='elsewhere')),
        dict(train_dataloader__dataset__pipeline__0__backend_args=dict(a=1)),
        dict(unlabeled_dataloader__num_workers=0),
        dict(unlabeled_dataloader__persistent_workers=False),
        dict(val_dataloader__pin_memory=True),
        dict(val_dataloader__prefetch_factor=4),
        dict(model__backbone__init_cfg__checkpoint='/home/me/coco.pth'),
        # a checkout that lies elsewhere
        dict(train_dataloader__dataset__ann_file='/opt/gist/splits/1-16/labeled.txt'),
    ],
)
def test_where_things_lie_and_how_fast_they_load_does_not_count(options):
    assert settings_changed_by(**options) == []


@pytest.mark.parametrize(
    'options',
    [
        dict(train_cfg__policy=dict(type='GIST', num_stages=20)),
        dict(train_cfg__policy__num_stages=12),
        dict(train_cfg__type='OtherLoop'),
        dict(default_hooks__checkpoint__interval=5),
        dict(log_level='DEBUG'),
        dict(work_dir='elsewhere'),
    ],
)
def test_what_may_change_when_a_run_goes_on_does_not_count(options):
    assert settings_changed_by(**options) == []


@pytest.mark.parametrize(
    'name, options',
    [
        ('optim_wrapper', dict(optim_wrapper__optimizer__lr=2e-3)),
        ('param_scheduler', dict(param_scheduler=[dict(type='PolyLR', power=1)])),
        ('model', dict(model__decode_head__num_classes=12)),
        ('model', dict(model__backbone__depth=50)),
        ('load_from', dict(load_from='model.pth')),
        ('train_cfg.probabilities', dict(train_cfg__probabilities__T=0.3)),
        ('train_cfg.stage_iters', dict(train_cfg__stage_iters=151)),
        ('train_cfg.initial_iters', dict(train_cfg__initial_iters=999)),
        ('train_cfg.consistency', dict(train_cfg__consistency=dict(momentum=0.9))),
        ('train_cfg.refinement', dict(train_cfg__refinement=dict(model=dict()))),
        ('train_dataloader', dict(train_dataloader__batch_size=4)),
        (
            'train_dataloader',
            dict(train_dataloader__dataset__ann_file='configs/splits/1-8/labeled.txt'),
        ),
        (
            'unlabeled_dataloader',
            dict(
                unlabeled_dataloader__dataset__ann_file='configs/splits/1-16/other.txt'
            ),
        ),
        (
            'unlabeled_dataloader',
            dict(unlabeled_dataloader__dataset__pipeline__1__crop_size=(160, 161)),
        ),
        ('val_dataloader', dict(val_dataloader__dataset__type='Other')),
        ('test_dataloader', dict(test_dataloader=None)),
        ('val_evaluator', dict(val_evaluator__type='Other')),
        ('test_evaluator', dict(test_evaluator__type='Other')),
    ],
)
def test_what_the_result_depends_on_counts_by_its_name(name, options):
    assert settings_changed_by(**options) == [name]


def test_all_that_changed_is_named():
    assert settings_changed_by(
        train_cfg__stage_iters=3, model__backbone__depth=50, load_from='model.pth'
    ) == ['load_from', 'model', 'train_cfg.stage_iters']


def test_it_survives_json_and_the_order_of_keys():
    cfg = Config(copy.deepcopy(CFG))
    turned = Config(dict(reversed(copy.deepcopy(CFG).items())))
    turned.model = dict(reversed(cfg.model.to_dict().items()))
    turned.train_dataloader.dataset.pipeline[1]['crop_size'] = [160, 160]
    assert fingerprint(turned) == fingerprint(cfg)
    assert json.loads(json.dumps(fingerprint(cfg))) == fingerprint(cfg)


def test_it_does_not_touch_the_config():
    cfg = Config(copy.deepcopy(CFG))
    fingerprint(cfg)
    assert cfg.to_dict() == CFG
