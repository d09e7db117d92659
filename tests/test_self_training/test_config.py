import copy
import itertools
import os.path as osp

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.datasets.transforms import LoadAnnotations
from tiny import write_tiny

import mmseg_gist  # noqa: F401
from mmseg_gist.self_training.config import stage_config
from mmseg_gist.self_training.label_erase import erase_limits, with_thresholds
from mmseg_gist.self_training.labeler import labeler_config
from mmseg_gist.self_training.schedule import fit_schedule
from mmseg_gist.self_training.settings_check import check_schedules
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import UserError, derive_seed

READ = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
LABELED = dict(
    type='BaseSegDataset',
    data_root='data',
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    metainfo=dict(classes=('a', 'b')),
    pipeline=[*READ, dict(type='PackSegInputs')],
)
UNLABELED = dict(
    type='PseudoLabelDataset',
    data_root='data',
    data_prefix=dict(img_path='images'),
    pipeline=[*READ, dict(type='LabelErase', threshold=0.5)],
)
MODEL = dict(type='EncoderDecoder', backbone=dict(depth=101), decode_head=dict(a=1))
METAINFO = dict(classes=['a', 'b'], palette=[[0, 0, 0], [9, 9, 9]])


def make(**settings):
    """A user's config, as the loop completes it."""
    train_cfg = dict(
        type='IterativeSelfTrainingLoop',
        policy=dict(type='RIST', num_stages=9),
        initial_iters=100,
        stage_iters=40,
        **settings.pop('train_cfg', {}),
    )
    cfg = dict(
        model=MODEL,
        train_dataloader=dict(
            batch_size=4,
            num_workers=2,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            batch_sampler=dict(type='BatchSampler'),
            dataset=LABELED,
        ),
        unlabeled_dataloader=dict(
            batch_size=6,
            num_workers=3,
            sampler=dict(type='InfiniteSampler'),
            dataset=UNLABELED,
        ),
        val_dataloader=dict(
            batch_size=1,
            num_workers=1,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(
                LABELED,
                ann_file='dev.txt',
                pipeline=[
                    dict(type='LoadImageFromFile'),
                    dict(type='Resize', scale=(20, 10)),
                    dict(type='LoadAnnotations'),
                    dict(type='PackSegInputs'),
                ],
            ),
        ),
        val_cfg=dict(type='ValLoop'),
        val_evaluator=dict(type='IoUMetric'),
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=[dict(type='PolyLR', power=0.9, by_epoch=False)],
        default_hooks=dict(logger=dict(interval=7), checkpoint=dict(interval=11)),
        custom_hooks=[dict(type='UsersHook')],
        visualizer=dict(type='SegLocalVisualizer', name='visualizer', save_dir='x'),
        randomness=dict(seed=5, deterministic=True),
        train_cfg=train_cfg,
        work_dir='work/run',
        metainfo=METAINFO,
        load_from=None,
        resume=True,
    )
    return Config(copy.deepcopy({**cfg, **settings}))


def types(hooks):
    return [hook['type'] for hook in hooks]


# -------------------------------------------------- what a stage is called


def test_each_stage_has_folders_of_its_own():
    cfg = make()
    assert Stage(cfg).work_dir == 'work/run/stages/0'
    assert Stage(cfg, ('L', 'P', '0.25')).work_dir == 'work/run/stages/LP-0.25'
    assert Stage(cfg, ('L',)).pseudo_label_dir == 'work/run/stages/L/pseudo_labels'
    assert stage_config(Stage(cfg, ('L', 'P'))).work_dir == 'work/run/stages/LP'


def test_each_runner_has_a_name_of_its_own():
    """Else the second Runner of a process writes into the first one's files."""
    cfg = make()
    first, second = (
        stage_config(Stage(cfg, ('L',))),
        stage_config(Stage(cfg, ('L', 'P'))),
    )
    assert first.experiment_name == first.visualizer.name == 'run_L'
    assert second.experiment_name == second.visualizer.name == 'run_LP'
    assert 'save_dir' not in first.visualizer
    assert first.visualizer.type == 'SegLocalVisualizer'
    assert stage_config(Stage(make(visualizer=None), ())).visualizer is None


def test_stages_leave_the_only_run_of_a_process_alone():
    """W&B and the like have one, which is the user's own."""
    names = ('LocalVisBackend', 'WandbVisBackend', 'TensorboardVisBackend')
    visualizer = dict(
        type='SegLocalVisualizer', vis_backends=[dict(type=name) for name in names]
    )
    cfg = make(visualizer=visualizer)
    for config in (
        stage_config(Stage(cfg, ('L',))),
        labeler_config(Stage(cfg, ('P',)), [0]),
    ):
        assert types(config.visualizer.vis_backends) == [names[0], names[2]]
    assert types(cfg.visualizer.vis_backends) == list(names)


def test_settings_that_mmengine_can_do_without():
    stage = stage_config(Stage(make(default_hooks=None, custom_hooks=None), ('L',)))
    assert stage.default_hooks == dict(checkpoint=None)
    assert types(stage.custom_hooks) == ['ProgressHook', 'NonFiniteLossHook']


@pytest.mark.parametrize('kind', ['mmseg.LoadAnnotations', LoadAnnotations])
def test_the_labeler_loads_no_labels(kind):
    cfg = make()
    cfg.val_dataloader.dataset.pipeline[2].type = kind
    dataset = labeler_config(Stage(cfg, ('P',)), [0]).test_dataloader.dataset
    assert types(dataset.pipeline) == ['LoadImageFromFile', 'Resize', 'PackSegInputs']
    # in a wrapper it is the same
    cfg.val_dataloader.dataset = dict(
        type='RepeatDataset', times=1, dataset=cfg.val_dataloader.dataset
    )
    assert labeler_config(Stage(cfg, ('P',)), [0]).test_dataloader.dataset == dataset


def test_the_learning_rate_is_scaled_by_the_images_of_a_step():
    """By those with human labels where a stage is mixed: its losses are means."""
    cfg = make(auto_scale_lr=dict(enable=True, base_batch_size=8))
    for mix, batch, base in (('L', 4, 8), ('P', 6, 8), ('B0.5', 4, 8), ('0.5', 10, 20)):
        stage = stage_config(Stage(cfg, (mix,)))
        assert stage.train_dataloader.batch_size == batch
        assert stage.auto_scale_lr.base_batch_size == base


def test_a_stages_seed_follows_from_the_runs_seed_and_its_path():
    cfg = make()
    assert Stage(cfg).seed == derive_seed(5, '0')
    assert Stage(cfg, ('L', 'P')).seed == derive_seed(5, 'LP')
    other = make(randomness=dict(seed=6))
    paths = [p for n in range(4) for p in itertools.product('LP', repeat=n)]
    seeds = {Stage(c, path).seed for c in (cfg, other) for path in paths}
    assert len(seeds) == 2 * len(paths) == 30
    # nothing else: not where it runs or how long
    moved = make(work_dir='/elsewhere', train_cfg=dict(consistency=dict()))
    assert Stage(moved, ('L',)).seed == Stage(cfg, ('L',)).seed

    stage = stage_config(Stage(cfg, ('L', 'P')))
    seed = Stage(cfg, ('L', 'P')).seed
    assert stage.randomness == dict(seed=seed, deterministic=True)
    assert stage.train_cfg.seed == stage.train_dataloader.sampler.seed == seed


def test_iterations():
    cfg = make()
    assert Stage(cfg).iters == stage_config(Stage(cfg)).train_cfg.max_iters == 100
    assert Stage(cfg, ('L',)).iters == 40
    assert stage_config(Stage(cfg, ('L', 'P'))).train_cfg == dict(
        type='StageTrainLoop', max_iters=40, seed=Stage(cfg, ('L', 'P')).seed
    )


def test_a_stage_starts_from_its_parent_and_from_nothing_else():
    cfg = make()
    assert Stage(cfg).parent_checkpoint is None
    parent = 'work/run/stages/L/checkpoint.pth'
    assert Stage(cfg, ('L', 'P')).parent_checkpoint == parent
    for path, expected in (((), None), (('L', 'P'), parent)):
        stage = stage_config(Stage(cfg, path))
        assert (stage.load_from, stage.resume) == (expected, False)


def test_a_given_model_stands_for_stage_0():
    cfg = make(load_from='given.pth')
    assert Stage(cfg).iters == 0
    assert stage_config(Stage(cfg)).load_from == 'given.pth'
    assert Stage(cfg, ('P',)).iters == 40
    assert Stage(cfg, ('P',)).parent_checkpoint == 'work/run/stages/0/checkpoint.pth'


def test_a_stage_that_restarts_has_stage_0s_start_and_schedule():
    """Not its parent's weights; what else the refinement changes stays changed."""
    changes = dict(
        optim_wrapper=dict(optimizer=dict(lr=0.01)),
        param_scheduler=[dict(type='LinearLR')],
        train_dataloader=dict(batch_size=2),
    )
    cfg = make(train_cfg=dict(restart=True, refinement=changes))
    first = stage_config(Stage(cfg))
    for given in (None, 'given.pth'):
        cfg.load_from = given
        for path in (('L',), ('L', '0.5')):
            stage = stage_config(Stage(cfg, path))
            assert stage.load_from is None
            assert stage.train_cfg.max_iters == Stage(cfg, path).iters == 100
            assert stage.optim_wrapper == first.optim_wrapper
            assert stage.param_scheduler == first.param_scheduler
            assert stage.train_dataloader.sampler.batch_sizes[0] == 2
    assert Stage(cfg).iters == 0
    # the labels are the parent's
    labeler = labeler_config(Stage(cfg, ('L', '0.5')), [0])
    assert labeler.load_from == 'work/run/stages/L/checkpoint.pth'
    assert 'stages/L/pseudo_labels' in (
        stage.train_dataloader.dataset.datasets[1].data_prefix.seg_map_path
    )


# ---------------------------------------------------------------- the data


@pytest.mark.parametrize(
    'settings, expected',
    [
        (dict(), 40),
        (dict(stage_iters=None, stage_ratio=0.12, initial_iters=25000), 3000),
        (dict(stage_iters=None, stage_ratio=1 / 3, initial_iters=1500), 500),
        (dict(stage_iters=7, stage_ratio=1 / 3), 7),
    ],
)
def test_a_stages_length_is_given_or_a_share_of_stage_0s(settings, expected):
    cfg = make()
    cfg.train_cfg.update(settings)
    assert Stage(cfg, ('P',)).iters == expected
    # a model that stands for stage 0 leaves it as it is
    cfg.load_from = 'given.pth'
    assert Stage(cfg, ('P',)).iters == expected


def test_label_erase_stands_behind_what_loads_the_labels():
    cfg = make()
    load = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
    erase, flip = dict(type='LabelErase', threshold=0.5), dict(type='RandomFlip')
    for before in ([*load, erase, flip], [*load, flip]):
        cfg.unlabeled_dataloader.dataset.pipeline = before
        cfg.train_cfg.label_erase = dict(keep=0.7)
        dataset = stage_config(Stage(cfg, ('P',))).train_dataloader.dataset.datasets[0]
        expected = [*load, dict(type='LabelErase', keep=0.7), flip]
        assert dataset.pipeline == expected


def test_the_share_kept_may_grow_from_stage_to_stage():
    """Ten pixels of one class, each of another confidence."""
    counts = np.zeros((1, 256), int)
    counts[0, 10:20] = 1
    growing = dict(type='LabelErase', keep=[0.2, 0.4, 1.0])
    for erase, expected in (
        (growing, [2, 4, 10, 10]),
        (dict(growing, keep=0.7), [7] * 4),
        (dict(growing, keep=[0.5]), [5] * 4),
        (dict(type='LabelErase', threshold=13.5 / 255), [6] * 4),
        (None, [10] * 4),
    ):
        kept = []
        for depth in range(1, 5):
            limits = erase_limits(with_thresholds(erase, counts, depth))
            kept.append(counts[0, np.arange(256) >= limits[0]].sum())
        assert kept == expected


def test_only_pseudo_labels_are_perturbed():
    cfg = make()
    cfg.train_cfg.perturbation = dict(mask=dict(type='BoxMask'))
    for path in ((), ('L',), ('P', 'L')):
        assert stage_config(Stage(cfg, path)).model == MODEL
    for path in (('P',), ('0.5',), ('B0.5',)):
        model = stage_config(Stage(cfg, path)).model
        assert model.type == 'SelfTrainingSegmentor'
        assert model.perturbation == dict(mask=dict(type='BoxMask'))


def datasets(stage):
    return [dataset.type for dataset in stage.train_dataloader.dataset.datasets]


@pytest.mark.parametrize('path', [(), ('L',), ('P', 'L')])
def test_human_labels_alone_load_one_data_set(path):
    cfg = make()
    stage = stage_config(Stage(cfg, path))
    assert stage.train_dataloader == dict(
        batch_size=4,
        num_workers=2,
        persistent_workers=False,
        sampler=dict(
            type='DrawSampler',
            batch_sizes=[4],
            seed=Stage(cfg, path).seed,
            choose=None,
        ),
        dataset=dict(type='DrawDataset', datasets=[LABELED], sources=[0]),
    )
    assert stage.model == MODEL


@pytest.mark.parametrize('path', [('P',), ('L', 'P')])
def test_pseudo_labels_alone_load_one_data_set(path):
    cfg = make()
    stage = stage_config(Stage(cfg, path))
    parent = {1: '0', 2: 'L'}[len(path)]
    folder = osp.abspath(f'work/run/stages/{parent}/pseudo_labels')
    assert stage.train_dataloader == dict(
        batch_size=6,
        num_workers=3,
        persistent_workers=False,
        sampler=dict(
            type='DrawSampler',
            batch_sizes=[6],
            seed=Stage(cfg, path).seed,
            choose=None,
        ),
        dataset=dict(
            type='DrawDataset',
            datasets=[
                dict(
                    UNLABELED,
                    data_prefix=dict(img_path='images', seg_map_path=folder),
                    metainfo=METAINFO,
                )
            ],
            sources=[1],
        ),
    )
    assert stage.model == MODEL


def test_pseudo_labels_hold_the_models_own_classes():
    cfg = make()
    dataset = cfg.unlabeled_dataloader.dataset
    dataset.reduce_zero_label = dataset.pipeline[1].reduce_zero_label = True
    for path in (('P',), ('L', '0.25'), ('B0.5',)):
        loaded = stage_config(Stage(cfg, path)).train_dataloader.dataset.datasets[-1]
        assert loaded.pipeline == UNLABELED['pipeline']
        assert 'reduce_zero_label' not in loaded


def test_a_mix_loads_a_batch_of_each():
    cfg = make()
    stage = stage_config(Stage(cfg, ('L', '0.25')))
    loader = stage.train_dataloader
    assert datasets(stage) == ['BaseSegDataset', 'PseudoLabelDataset']
    assert loader.dataset.datasets[1].data_prefix.seg_map_path == osp.abspath(
        'work/run/stages/L/pseudo_labels'
    )
    assert loader.batch_size == 10
    assert loader.sampler.batch_sizes == [4, 6]
    assert loader.sampler.choose is None
    assert stage.model == dict(
        type='SelfTrainingSegmentor', segmentor=MODEL, alpha=0.25
    )


def test_one_kind_a_batch_chooses_and_has_the_plain_loss():
    stage = stage_config(Stage(make(), ('B0.3',)))
    loader = stage.train_dataloader
    assert datasets(stage) == ['BaseSegDataset', 'PseudoLabelDataset']
    assert loader.batch_size == 4
    assert loader.sampler.batch_sizes == [4, 4]
    assert loader.sampler.choose == 0.3
    assert stage.model == MODEL


def test_the_other_sets_stay():
    cfg = make()
    stage = stage_config(Stage(cfg, ('P',)))
    for key in ('val_cfg', 'optim_wrapper'):
        assert stage[key] == cfg[key]
    # the development set is small, and classes may be missing from it
    assert stage.val_evaluator == dict(type='ClassIoUMetric', labeled_only=True)
    # each is gone through once: workers that persist would only have to be ended
    assert stage.val_dataloader == dict(cfg.val_dataloader, persistent_workers=False)
    assert 'unlabeled_dataloader' not in stage


# --------------------------------------------------------------- the hooks


def test_progress_is_saved_in_the_users_interval_and_by_no_other_hook():
    stage = stage_config(Stage(make(), ('L',)))
    assert stage.default_hooks == dict(logger=dict(interval=7), checkpoint=None)
    assert stage.custom_hooks == [
        dict(type='UsersHook'),
        dict(type='ProgressHook', interval=11),
        dict(type='NonFiniteLossHook'),
    ]


@pytest.mark.parametrize('default_hooks', [dict(), dict(checkpoint=None)])
def test_progress_is_saved_without_a_checkpoint_hook_too(default_hooks):
    cfg = make(default_hooks=default_hooks)
    cfg.pop('custom_hooks')
    stage = stage_config(Stage(cfg))
    assert stage.custom_hooks[0] == dict(type='ProgressHook', interval=1000)
    assert stage.default_hooks.checkpoint is None


# -------------------------------------------------------- consistency loss


@pytest.mark.parametrize('mix', ['L', 'P', 'B0.5', '0.25'])
def test_consistency_is_in_every_stage_but_the_first(mix):
    cfg = make(
        train_cfg=dict(
            consistency=dict(loss_weight=0.1, dropout_ratio=0.4, momentum=0.1)
        )
    )
    stage = stage_config(Stage(cfg, (mix,)))
    alpha = dict(alpha=0.25) if mix == '0.25' else {}
    assert stage.model == dict(
        type='SelfTrainingSegmentor',
        segmentor=MODEL,
        consistency=dict(type='ConsistencyLoss', loss_weight=0.1, dropout_ratio=0.4),
        **alpha,
    )
    assert stage.custom_hooks[0] == dict(type='MeanTeacherHook', momentum=0.1)
    assert len(stage.custom_hooks) == 4

    first = stage_config(Stage(cfg))
    assert first.model == MODEL
    assert 'MeanTeacherHook' not in types(first.custom_hooks)


def test_consistency_has_defaults():
    cfg = make(train_cfg=dict(consistency=dict(loss_weight=0.1)))
    stage = stage_config(Stage(cfg, ('L',)))
    assert stage.custom_hooks[0] == dict(type='MeanTeacherHook')
    assert stage.model.consistency == dict(type='ConsistencyLoss', loss_weight=0.1)


# -------------------------------------------------------------- refinement


def refined(**settings):
    return make(train_cfg=dict(refinement=settings, consistency=dict(loss_weight=0.1)))


def test_refinement_is_for_the_stages_after_the_first():
    cfg = refined(optim_wrapper=dict(optimizer=dict(lr=0.01)))
    assert stage_config(Stage(cfg)).optim_wrapper.optimizer == dict(type='SGD', lr=0.1)
    for path in (('L',), ('P', 'P')):
        stage = stage_config(Stage(cfg, path))
        assert stage.optim_wrapper.optimizer == dict(type='SGD', lr=0.01)
    assert cfg.optim_wrapper.optimizer.lr == 0.1


def test_refinement_reaches_the_model():
    cfg = refined(model=dict(decode_head=dict(a=2)))
    expected = dict(MODEL, decode_head=dict(a=2))
    assert stage_config(Stage(cfg)).model == MODEL
    assert stage_config(Stage(cfg, ('L',))).model.segmentor == expected
    cfg.train_cfg.consistency = None
    assert stage_config(Stage(cfg, ('L',))).model == expected


def test_refinement_reaches_schedule_hooks_and_data():
    cfg = refined(
        param_scheduler=[dict(type='LinearLR')],
        default_hooks=dict(checkpoint=dict(interval=3)),
        train_dataloader=dict(batch_size=2),
        unlabeled_dataloader=dict(batch_size=3, dataset=dict(data_root='other')),
    )
    stage = stage_config(Stage(cfg, ('L',)))
    assert types(stage.param_scheduler) == ['LinearLR']
    assert stage.custom_hooks[2] == dict(type='ProgressHook', interval=3)
    assert stage.train_dataloader.batch_size == 2
    assert stage.train_dataloader.sampler.batch_sizes == [2]
    stage = stage_config(Stage(cfg, ('P',)))
    assert stage.train_dataloader.batch_size == 3
    assert stage.train_dataloader.dataset.datasets[0].data_root == 'other'


def test_what_has_another_type_takes_the_place_of_the_first():
    """Else SGD would get AdamW's betas. Wrappers share their arguments."""
    adam = dict(type='AdamW', lr=0.1, betas=(0.9, 0.99))
    loss = dict(type='CrossEntropyLoss', class_weight=[1, 2])
    cfg = refined(
        optim_wrapper=dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=1.0)),
        model=dict(decode_head=dict(loss=dict(type='FocalLoss'), a=2)),
    )
    cfg.optim_wrapper.merge(dict(clip_grad=dict(max_norm=1), optimizer=adam))
    cfg.model.decode_head.loss = loss
    stage = stage_config(Stage(cfg, ('L',)))
    assert stage.optim_wrapper == dict(
        type='AmpOptimWrapper',
        optimizer=dict(type='SGD', lr=1.0),
        clip_grad=dict(max_norm=1),
    )
    head = dict(a=2, loss=dict(type='FocalLoss'))
    assert stage.model.segmentor.decode_head == head
    assert stage_config(Stage(cfg)).model.decode_head.loss == loss
    # the same type, with or without its scope, is merged
    cfg.train_cfg.refinement.optim_wrapper.optimizer = dict(type='mmseg.AdamW', lr=1.0)
    optimizer = stage_config(Stage(cfg, ('L',))).optim_wrapper.optimizer
    assert optimizer == dict(type='mmseg.AdamW', lr=1.0, betas=(0.9, 0.99))


def test_pseudo_labels_are_read_as_indices_whatever_reads_human_labels():
    cfg = make()
    load, _, erase = UNLABELED['pipeline']
    for step in (
        dict(type='LoadAnnotations', imdecode_backend='cv2'),
        dict(type='LoadAnnotations', backend_args=dict(backend='petrel')),
        dict(type='LoadMyAnnotations', suffix='.npy'),
    ):
        cfg.unlabeled_dataloader.dataset.pipeline = [load, step, erase]
        loaded = stage_config(Stage(cfg, ('P',))).train_dataloader.dataset.datasets[0]
        assert loaded.pipeline == [load, dict(type='LoadAnnotations'), erase]


# ---------------------------------------------------------- no side effects


@pytest.mark.parametrize('path', [(), ('L',), ('P',), ('0.5',), ('B0.5',)])
def test_the_users_config_is_not_touched(path):
    cfg = refined(optim_wrapper=dict(optimizer=dict(lr=0.01)))
    before = copy.deepcopy(cfg.to_dict())
    stage_config(Stage(cfg, path))
    labeler_config(Stage(cfg, path or ('P',)), [0])
    assert cfg.to_dict() == before


def test_a_stages_config_can_be_run_again_from_its_dump(tmp_path):
    cfg = make(train_cfg=dict(consistency=dict(loss_weight=0.1)))
    stage = stage_config(Stage(cfg, ('0.5',)))
    stage.dump(tmp_path / 'stage.py')
    assert Config.fromfile(tmp_path / 'stage.py').to_dict() == stage.to_dict()


# ------------------------------------------------------------ the schedule


POLY = dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)
WARM_UP = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20)


def test_the_schedule_must_fit_into_all_stages(tmp_path):
    """Stage 0 has 100 iterations, the others 40."""
    warm_up = dict(WARM_UP, end=50)
    schedule = [warm_up, dict(POLY, begin=50)]
    refinement = dict(refinement=dict(param_scheduler=[POLY]))
    check_schedules(make(param_scheduler=schedule, train_cfg=refinement))
    check_schedules(make(param_scheduler=[warm_up, dict(POLY, begin=50, end=200)]))
    with pytest.raises(UserError, match='at least 51 iterations, but a stage has 40'):
        check_schedules(make(param_scheduler=schedule))
    longer = [dict(WARM_UP, end=101), dict(POLY, begin=101)]
    with pytest.raises(UserError, match='at least 102 iterations, but a stage has 100'):
        check_schedules(make(param_scheduler=longer, train_cfg=refinement))
    given = make(param_scheduler=longer, train_cfg=refinement, load_from='given.pth')
    check_schedules(given)

    cfg = Config.fromfile(write_tiny(tmp_path))  # 5 and 3 iterations
    cfg.work_dir = str(tmp_path / 'run')
    cfg.param_scheduler = [dict(WARM_UP, end=3), dict(POLY, begin=3)]
    with pytest.raises(UserError, match='at least 4 iterations, but a stage has 3'):
        Runner.from_cfg(cfg).train()
    assert not (tmp_path / 'run/record.json').exists()


@pytest.mark.parametrize('schedule', [None, []])
def test_no_schedule_stays_none(schedule):
    assert not fit_schedule(schedule, 10)
    stage = Stage(make(param_scheduler=schedule), ('L',))
    assert not stage_config(stage).param_scheduler


def test_every_stage_has_the_whole_schedule():
    cfg = make(param_scheduler=[dict(POLY, end=2000)])
    assert stage_config(Stage(cfg)).param_scheduler == [dict(POLY, end=100)]
    assert stage_config(Stage(cfg, ('L', 'P'))).param_scheduler == [dict(POLY, end=40)]


# -------------------------------------------------------------- the labeler


def test_the_labeler_tests_the_parents_model():
    cfg = make(test_dataloader=dict(a=1), test_evaluator=dict(type='IoUMetric'))
    labeler = labeler_config(Stage(cfg, ('L', 'P')), [3, 5])
    assert labeler.load_from == 'work/run/stages/L/checkpoint.pth'
    assert labeler.work_dir == 'work/run/stages/L/pseudo_labels'
    assert labeler.experiment_name == 'run_L_pseudo_labels'
    assert labeler.model == MODEL
    assert not labeler.resume
    assert labeler.test_dataloader == dict(
        batch_size=1,
        num_workers=1,
        persistent_workers=False,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            UNLABELED,
            data_prefix=dict(
                img_path='images',
                seg_map_path=osp.abspath('work/run/stages/L/pseudo_labels'),
            ),
            metainfo=METAINFO,
            # the development set's, without its labels
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='Resize', scale=(20, 10)),
                dict(type='PackSegInputs'),
            ],
            indices=[3, 5],
            test_mode=True,
        ),
    )
    kinds = {key.split('_')[0] for key in labeler.keys()}
    assert not kinds & {'train', 'val', 'unlabeled', 'optim', 'param'}


@pytest.mark.parametrize(
    'given, used',
    [
        (None, dict(type='TemperatureScaling')),
        (dict(T=0.2), dict(type='TemperatureScaling', T=0.2)),
        (dict(type='MyProbabilities', a=1), dict(type='MyProbabilities', a=1)),
    ],
)
def test_the_labeler_scales_as_the_user_says(given, used):
    cfg = make(train_cfg=dict(temperature_scaling=given))
    evaluator = labeler_config(Stage(cfg, ('P',)), [0]).test_evaluator
    assert evaluator == dict(type='PseudoLabelWriter', temperature_scaling=used)
