import copy
import json
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from tiny import write_tiny

from mmseg_gist.self_training.fingerprint import changed, fingerprint, id_lists
from mmseg_gist.utils import UserError


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
        temperature_scaling=dict(T=0.2),
        consistency=None,
    ),
    default_hooks=dict(checkpoint=dict(interval=1000)),
    log_level='INFO',
)
PINNED = dict(
    model='53f190c674369fce',
    optim_wrapper='df9e17eb7fb817ac',
    param_scheduler='177fee4cc4d38e34',
    train_dataloader='a3fcc58ec3331c71',
    unlabeled_dataloader='7b4a6261a0dce15d',
    val_dataloader='add49cf8614f9d24',
    val_evaluator='68f67185f9fb45fe',
    test_dataloader='2725143c548e52e4',
    test_evaluator='68f67185f9fb45fe',
) | {
    'train_cfg.initial_iters': '6920faf8766bf202',
    'train_cfg.stage_iters': '70529c539a3eaf30',
    'train_cfg.temperature_scaling': '4b9713f6acee0ab0',
}


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
        # a checkout in another place
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
        ('auto_scale_lr', dict(auto_scale_lr=dict(enable=True, base_batch_size=16))),
        ('sync_bn', dict(sync_bn='torch')),
        ('train_cfg.temperature_scaling', dict(train_cfg__temperature_scaling__T=0.3)),
        ('train_cfg.stage_iters', dict(train_cfg__stage_iters=151)),
        ('train_cfg.initial_iters', dict(train_cfg__initial_iters=999)),
        ('train_cfg.consistency', dict(train_cfg__consistency=dict(momentum=0.1))),
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


def test_runs_on_disk_keep_theirs():
    """Digests as records hold them: with others those runs could not resume."""
    assert fingerprint(Config(copy.deepcopy(CFG))) == PINNED
    more = copy.deepcopy(CFG) | dict(custom_hooks=[dict(type='MyHook')])
    more['default_hooks']['report'] = dict(type='ReportHook')
    assert fingerprint(Config(more)) == PINNED


# ------------------------------------------------------- what the lists hold


LOADERS = [f'{name}_dataloader' for name in ('train', 'unlabeled', 'val', 'test')]


@pytest.fixture
def cfg(tmp_path) -> Config:
    cfg = Config.fromfile(write_tiny(tmp_path / 'data'))
    for loader in LOADERS:
        dataset = cfg[loader].dataset
        dataset.ann_file = str(tmp_path / 'data' / dataset.ann_file)
    return cfg


def move(cfg: Config, loader: str, folder: Path, text: str | None = None) -> None:
    """A list elsewhere, with the same name in a folder of the same name."""
    dataset = cfg[loader].dataset
    file = Path(dataset.ann_file)
    copied = folder / file.parent.name / file.name
    copied.parent.mkdir(parents=True, exist_ok=True)
    copied.write_text(file.read_text() if text is None else text)
    dataset.ann_file = str(copied)


def test_a_list_counts_by_what_it_holds(cfg, tmp_path):
    before = id_lists(cfg)
    assert sorted(before) == sorted(f'ids of {loader}' for loader in LOADERS)
    assert len(set(before.values())) == 4
    move(cfg, 'train_dataloader', tmp_path / 'elsewhere')
    move(cfg, 'val_dataloader', tmp_path / 'elsewhere', 'dev0\r\ndev1\r\ndev2')
    assert id_lists(cfg) == before
    ids = Path(cfg.train_dataloader.dataset.ann_file).read_text().split()
    for text in ('\n'.join(ids[:-1]), '\n'.join(ids[::-1]), '\n'.join(ids) + 'x'):
        settings = fingerprint(cfg)
        move(cfg, 'train_dataloader', tmp_path / 'other', text)
        assert changed(before, id_lists(cfg)) == ['ids of train_dataloader']
        assert fingerprint(cfg) == settings  # which knows the list by its name


def test_sets_of_several_lists_or_of_none(cfg, tmp_path):
    first = cfg.train_dataloader.dataset.to_dict()
    second = dict(first, ann_file='dev.txt')

    def digest(*datasets):
        wrapped = dict(type='ConcatDataset', datasets=list(datasets))
        loader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=wrapped))
        return id_lists(Config(dict(train_dataloader=loader)))

    one, both, turned = digest(first), digest(first, second), digest(second, first)
    assert len({str(each) for each in (one, both, turned)}) == 3
    without = {key: first[key] for key in first if key != 'ann_file'}
    assert digest(without) == {}  # all images of a folder
    assert digest(dict(first, ann_file='')) == {}
    assert digest(dict(first, ann_file='images')) == {}
    assert digest(without, first) == one
    with pytest.raises(UserError) as error:
        digest(dict(first, ann_file='none.txt'))
    assert str(error.value) == (
        f'{first["data_root"]}/none.txt: no such list of ids: correct '
        'train_dataloader.dataset.ann_file'
    )


@pytest.mark.slow
def test_a_run_does_not_go_on_with_other_lists(cfg, tmp_path):
    cfg.work_dir = str(tmp_path / 'run')
    cfg.train_dataloader.num_workers = 0
    cfg.train_cfg.policy = dict(type='FixedPath', path='0')
    Runner.from_cfg(cfg).train()
    file = tmp_path / 'run/record.json'
    record = json.loads(file.read_text())
    assert record['run']['lists'] == id_lists(cfg)

    # an earlier version's record has none: those of today are taken
    del record['run']['lists']
    file.write_text(json.dumps(record))
    cfg.resume = True
    Runner.from_cfg(cfg).train()
    assert json.loads(file.read_text())['run']['lists'] == id_lists(cfg)

    move(cfg, 'unlabeled_dataloader', tmp_path / 'elsewhere', 'unlabeled3\n')
    move(cfg, 'test_dataloader', tmp_path / 'elsewhere')
    message = r'other settings \(ids of unlabeled_dataloader\): choose another'
    with pytest.raises(UserError, match=message):
        Runner.from_cfg(cfg).train()
