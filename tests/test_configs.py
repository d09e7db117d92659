"""Every config that ships: it builds, and it says what the paper says."""

import re
from copy import deepcopy
from functools import cache
from inspect import signature
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import OPTIMIZERS, init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS, TRANSFORMS
from mmseg.structures import SegDataSample
from shipped_configs import FOLDER, ROOT, commands, config_of, load, one, stage_of

from mmseg_gist.models.utils import StrongAugmentation
from mmseg_gist.self_training import IterativeSelfTrainingLoop
from mmseg_gist.self_training.labeler import label_files
from mmseg_gist.self_training.path import from_name
from mmseg_gist.self_training.registry import POLICIES
from mmseg_gist.self_training.stage import Stage

FRACTIONS = dict(
    voc=['1-50', '1-20', '1-8'],
    cityscapes=['1-50', '1-30', '1-20', '1-8', '1-4'],
    animals=['1-50', '1-20', '1-8'],
    camvid=['1-16'],
)
CELLS = [f'{data}_{part}' for data, parts in FRACTIONS.items() for part in parts]
TABLE_1, SMALL = CELLS[:8], CELLS[8:]
# Those of the small ones that the methods are compared on.
COMPARED = ['animals_1-50', 'camvid_1-16']


def stem(cell: str) -> str:
    """``'deeplabv2_voc_1-50'``, and ``'deeplabv3plus_camvid_1-16'``."""
    return f'deeplabv{"2" if cell in TABLE_1 else "3plus"}_{cell}'


SUPERVISED = [f'supervised/{stem(cell)}' for cell in TABLE_1 + COMPARED]
RIST = [f'gist/{stem(cell)}_rist' for cell in CELLS]
SHAPES = ['gist/deeplabv3plus_shapes_rist']
OTHER_MODELS = [
    'gist/deeplabv2_animals_1-50_rist',
    'gist/segformer_mit-b0_camvid_1-16_rist',
    'gist/unet_camvid_1-16_rist',
]
OWN_RECIPE = [
    name
    for name in [*RIST, *SHAPES, *OTHER_MODELS]
    if not re.search('_(voc|city)', name)
]
ST = [f'st/{stem(cell)}_st' for cell in COMPARED]
STPP = [f'st/{stem(cell)}_stpp' for cell in COMPARED]
CURRICULUM = [f'dmt/{stem(cell)}_curriculum' for cell in COMPARED]
SELF_TRAINING = [*RIST, *SHAPES, *OTHER_MODELS, *ST, *STPP, *CURRICULUM]
# ClassMix and S4GAN, and CutMix and UniMatch V2, which are not the paper's.
SEMI = [
    *(
        f'{kind}/{stem(cell)}_{kind}'
        for kind in ('classmix', 's4gan')
        for cell in TABLE_1 + COMPARED
    ),
    *(
        f'{kind}/{stem(cell)}_{kind}'
        for kind in ('cutmix', 'unimatch_v2')
        for cell in COMPARED
    ),
]
OWN_EXPERIMENTS = [
    *(
        f'experiments/animals_1-50_{name}'
        for name in ('policies', 'addons', 'recipe', 'lengths')
    ),
    *(f'experiments/camvid_1-16_{name}' for name in ('policies', 'addons', 'lengths')),
]
EXPERIMENTS = [
    *OWN_EXPERIMENTS,
    *(
        f'experiments/voc_1-50_{name}'  # see test_table_1.py
        for name in ('policies', 'paths', 'dev_size', 'addons', 'semi_supervised')
    ),
]
POOL = ['experiments/animals_1-50_pool']
# Images: labeled, development, unlabeled, test.
SIZES = {
    'voc_1-50': (211, 50, 10321, 1449),
    'voc_1-20': (529, 50, 10003, 1449),
    'voc_1-8': (1322, 50, 9210, 1449),
    'cityscapes_1-50': (59, 50, 2866, 500),
    'cityscapes_1-30': (100, 50, 2825, 500),
    'cityscapes_1-20': (148, 50, 2777, 500),
    'cityscapes_1-8': (371, 50, 2554, 500),
    'cityscapes_1-4': (743, 50, 2182, 500),
    'animals_1-50': (63, 50, 3018, 445),
    'animals_1-20': (162, 50, 2919, 445),
    'animals_1-8': (390, 50, 2691, 445),
    'camvid_1-16': (23, 50, 294, 233),
}
# One config of each model.
MODELS_OF = [
    'gist/deeplabv2_cityscapes_1-50_rist',
    'gist/deeplabv3plus_animals_1-50_rist',
    'gist/deeplabv3plus_camvid_1-16_rist',
    *SHAPES,
    *OTHER_MODELS,
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


@cache
def build(text: str) -> tuple:
    """The model of a config's text, and the learning rates of its two parts."""
    cfg = Config.fromstring(text, '.py')
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).param_groups
    lr_of = {param: group['lr'] for group in groups for param in group['params']}
    parts = model.backbone, model.decode_head
    return model, *({lr_of.get(p) for p in part.parameters()} for part in parts)


def built(cfg: Config) -> tuple:
    """What :func:`build` gives; models that are alike are built once."""
    return build(Config(dict(model=cfg.model, optim_wrapper=cfg.optim_wrapper)).dump())


def cell_of(name: str) -> str:
    """``'voc_1-50'`` of ``'gist/deeplabv2_voc_1-50_rist'``."""
    return next(cell for cell in CELLS if cell in name)


def test_these_are_the_configs():
    shipped = FOLDER.glob('[!_]*/*.py')
    shipped = sorted(str(file.relative_to(FOLDER).with_suffix('')) for file in shipped)
    assert shipped == sorted(SUPERVISED + SELF_TRAINING + EXPERIMENTS + POOL + SEMI)


@pytest.mark.slow
@pytest.mark.parametrize('name', SUPERVISED + SELF_TRAINING + SEMI)
def test_sets(name, tmp_path):
    cfg = load(name)
    classes = {}
    for kind in ('train', 'unlabeled', 'val', 'test'):
        dataset = cfg[f'{kind}_dataloader'].dataset
        # PascalVOCDataset looks for the folder even so
        (tmp_path / dataset.data_prefix.img_path).mkdir(parents=True, exist_ok=True)
        dataset = dict(dataset, data_root=str(tmp_path), lazy_init=True)
        classes[kind] = DATASETS.build(dataset).metainfo.get('classes')
    assert classes.pop('unlabeled') is None
    (names,) = set(classes.values())
    model = cfg.model.get('segmentor', cfg.model)
    assert model.decode_head.num_classes == len(names)

    if 'shapes' in name:  # its lists are made with its images
        return
    files = [
        Path(cfg[f'{kind}_dataloader'].dataset.ann_file)
        for kind in ('train', 'val', 'unlabeled', 'test')
    ]
    data, part = cell_of(name).split('_')
    here = FOLDER / '_base_/splits' / data
    assert [file.resolve() for file in files] == [
        here / part / 'labeled.txt',
        here / part / 'dev.txt',
        here / part / 'unlabeled.txt',
        here / ('val.txt' if data in ('voc', 'cityscapes') else 'test.txt'),
    ]
    lists = [file.read_text().split() for file in files]
    assert tuple(map(len, lists)) == SIZES[cell_of(name)]
    assert len(set().union(*lists)) == sum(map(len, lists))


@pytest.mark.slow
@pytest.mark.parametrize('name', SUPERVISED + SELF_TRAINING)
def test_the_head_learns_ten_times_as_fast(name):
    cfg = load(name)
    _, backbone, head = built(cfg)
    lr = cfg.optim_wrapper.optimizer.lr
    assert backbone - {None} == {lr}  # frozen BatchNorm is not given to it
    assert head == {(2 if 'shapes' in name else 10) * lr}


@pytest.mark.parametrize('name', [*RIST, *OTHER_MODELS])
def test_the_policy_is_the_one_of_the_name(name):
    cfg = load(name)
    assert cfg.train_cfg.policy.type == 'RIST'
    policy = POLICIES.build(cfg.train_cfg.policy)
    stages = 9 if name not in OWN_RECIPE else 6
    assert [len(path) for path in policy.paths] == [stages, stages]


def test_the_demo_compares_as_many_stages():
    policy = load(*SHAPES).train_cfg.policy
    policies = {name: POLICIES.build(p) for name, p in policy.policies.items()}
    labels, rist = policies['labels only'], policies['RIST']
    assert labels.paths == [from_name('LLLL')]
    assert {len(path) for path in rist.paths} == {4}


@pytest.mark.parametrize('name', SELF_TRAINING)
def test_the_refinement_changes_settings_that_exist(name):
    """A misspelled key would be added without a word."""

    def keys(settings: dict) -> set:
        inner = [value for value in settings.values() if isinstance(value, dict)]
        return set(settings).union(*map(keys, inner))

    cfg, stage = load(name), stage_of(name, 'L')
    theirs, ours = deepcopy(cfg.optim_wrapper), deepcopy(stage.optim_wrapper)
    optimizer = ours.pop('optimizer')  # another one has other keys, and refuses more
    OPTIMIZERS.build(dict(optimizer, params=[torch.nn.Parameter(torch.zeros(1))]))
    del theirs['optimizer']
    assert keys(ours) == keys(theirs)
    assert set(cfg.train_cfg.get('refinement', {})) <= set(cfg)


@pytest.mark.parametrize('cell', TABLE_1 + COMPARED)
def test_stage_0_is_the_supervised_training(cell):
    supervised = load(f'supervised/{stem(cell)}')
    rist = load(f'gist/{stem(cell)}_rist')
    ours, theirs = supervised.to_dict(), rist.to_dict()
    loop, self_training = ours.pop('train_cfg'), theirs.pop('train_cfg')
    assert ours == theirs
    assert loop['type'] == 'IterBasedTrainLoop'
    assert loop['max_iters'] == self_training['initial_iters']
    assert loop['max_iters'] % loop['val_interval'] == 0  # so the end is evaluated


@pytest.mark.parametrize('number', [0, 1])
@pytest.mark.parametrize('cell', TABLE_1)
def test_gist_is_an_option_as_the_readme_shows_it(cell, number):
    """Once as such, and once in the walk to Table I, where it takes stage 0 over."""
    page = ROOT / ('docs/table_1.md' if number else 'README.md')
    (shown,) = [line for line in commands(page) if 'policy' in line]
    arguments = shown.replace('voc_1-50', cell)
    greedy, rist = config_of(arguments).to_dict(), load(f'gist/{stem(cell)}_rist')
    rist = rist.to_dict()
    policy = POLICIES.build(greedy['train_cfg'].pop('policy'))
    assert (policy.num_stages, policy.beam_size) == (9, 1)
    assert policy.moves == [('P',), ('L',)]
    assert greedy.pop('work_dir') == f'work_dirs/{stem(cell)}_gist'
    first = f'work_dirs/{stem(cell)}_rist/stages/0/checkpoint.pth' if number else None
    assert greedy.pop('load_from') == first
    del rist['train_cfg']['policy'], rist['load_from']
    assert greedy == rist


@pytest.mark.parametrize('name', OWN_RECIPE)
def test_the_projects_own_recipe(name):
    cfg = load(name)
    first, iters, rates = 1500, 375, [5e-5, 5e-5]
    if 'shapes' in name:
        first, iters, rates = 800, 200, [5e-4, 1e-3]
    assert (Stage(cfg).iters, Stage(cfg, ('P',)).iters) == (first, iters)
    for mix in 'LP':
        stage = stage_of(name, mix)
        assert stage.train_cfg.max_iters == iters
        ends = [part.get('end', iters) for part in stage.param_scheduler]
        assert max(ends) == iters
        (dataset,) = stage.train_dataloader.dataset.datasets
        erase = [step for step in dataset.pipeline if step['type'] == 'LabelErase']
        changed = stage.model if stage.model.type == 'SelfTrainingSegmentor' else {}
        assert 'consistency' not in changed
        assert not erase
        if mix == 'L':
            assert not changed
        else:
            kinds = {part: each.type for part, each in changed.perturbation.items()}
            assert kinds == dict(mask='BoxMask', augmentation='StrongAugmentation')
    cfg = cfg.copy()
    cfg.optim_wrapper = stage.optim_wrapper
    _, *learning = built(cfg)
    assert [rate - {None} for rate in learning] == [{rate} for rate in rates]


@pytest.mark.parametrize('name', ST + STPP + CURRICULUM)
def test_recipes_of_others_differ_from_rist_in_a_few_settings(name):
    ours = load(name).to_dict()
    rist = load(f'gist/{stem(cell_of(name))}_rist').to_dict()
    for settings in (ours['train_cfg'], rist['train_cfg']):
        for key in ('policy', 'restart', 'reliable', 'label_erase', 'refinement'):
            settings.pop(key, None)
    assert ours == rist


@pytest.mark.parametrize('name', ST)
def test_st_trains_again_on_as_many_images_of_each_kind(name):
    cfg = load(name)
    assert POLICIES.build(cfg.train_cfg.policy).paths == [('0.5',)]
    first, stage = stage_of(name), stage_of(name, '0.5')
    assert stage.load_from is first.load_from is None
    for key in ('optim_wrapper', 'param_scheduler'):
        assert stage[key] == first[key]
    assert stage.train_cfg.max_iters == first.train_cfg.max_iters == 1500
    assert stage.train_dataloader.sampler.batch_sizes == [4, 4]
    assert first.train_dataloader.sampler.batch_sizes == [8]
    assert (stage.model.alpha, len(stage.model.perturbation)) == (0.5, 2)
    assert cfg.train_cfg.label_erase is None


@pytest.mark.parametrize('name', STPP)
def test_stpp_is_st_on_the_reliable_half_and_then_on_all(name):
    cfg, st = deepcopy(load(name)), load(name.removesuffix('pp'))
    assert POLICIES.build(cfg.train_cfg.policy).paths == [('0.5', '0.5')]
    paths = ('0.5',), ('0.5', '0.5')
    shares = [Stage(cfg, path).reliable_share for path in paths]
    assert shares == [cfg.train_cfg.pop('reliable')[0], 1.0] == [0.5, 1.0]
    cfg.train_cfg.policy.num_stages = 1
    assert cfg.to_dict() == st.to_dict()


@pytest.mark.parametrize('name', CURRICULUM)
def test_the_curriculum_keeps_more_from_stage_to_stage(name):
    cfg = load(name)
    assert POLICIES.build(cfg.train_cfg.policy).paths == [('0.125',) * 5]
    assert cfg.train_cfg.label_erase == dict(keep=[0.2, 0.4, 0.6, 0.8, 1.0])
    stage = stage_of(name, '0.125', '0.125')
    assert stage.load_from == 'run/stages/0.125/checkpoint.pth'
    assert stage.train_cfg.max_iters == 375
    assert stage.optim_wrapper.optimizer.lr == 5e-5
    sizes = stage.train_dataloader.sampler.batch_sizes
    assert sizes == [1, 7]
    assert stage.train_dataloader.batch_size == 8
    assert stage.model.alpha == sizes[0] / sum(sizes)  # all images weigh the same


@pytest.mark.parametrize('name', SUPERVISED + SELF_TRAINING + SEMI)
def test_pipelines_build(name):
    cfg = load(name)
    for kind in ('train', 'unlabeled', 'val', 'test'):
        for transform in cfg[f'{kind}_dataloader'].dataset.pipeline:
            TRANSFORMS.build(transform)


@pytest.mark.slow
@pytest.mark.parametrize('name', MODELS_OF)
def test_models_take_images_of_any_size(name):
    """They are padded: to the crop's size if the model has one, else to fit."""
    cfg = load(name)
    model = built(cfg)[0].eval()
    sizes = [(40, 33), (37, 50)]
    images = [torch.full((3, *size), 100, dtype=torch.uint8) for size in sizes]
    labels = [PixelData(data=torch.zeros(1, *size, dtype=int)) for size in sizes]
    samples = [SegDataSample(gt_sem_seg=label) for label in labels]
    batch = dict(inputs=images, data_samples=samples)
    batch = model.data_preprocessor(batch, training=True)
    padding = cfg.model.data_preprocessor
    if divisor := padding.get('size_divisor'):
        shape = tuple(-(-side // divisor) * divisor for side in (40, 50))
    else:
        shape = padding.size
        pipeline = cfg.train_dataloader.dataset.pipeline
        assert shape == one(pipeline, 'RandomCrop')['crop_size']
    assert batch['inputs'].shape[2:] == shape
    first = batch['data_samples'][0].gt_sem_seg.data
    assert (first != 255).sum() == 40 * 33  # what was added has no label
    losses = model.loss(**batch)
    assert all(torch.isfinite(value).all() for value in losses.values())

    sample = SegDataSample(metainfo=dict(ori_shape=sizes[0], img_shape=sizes[0]))
    batch = dict(inputs=images[:1], data_samples=[sample])
    (result,) = model.test_step(batch)
    assert result.pred_sem_seg.data.shape == (1, *sizes[0])


@pytest.mark.slow
def test_coco_weights_for_another_number_of_classes(tmp_path):
    """All of them but the head's, which starts from N(0, 0.01^2) and 0."""
    head = torch.ones(21, 2048, 3, 3)
    weights = {
        'backbone.conv1.weight': torch.full((64, 3, 7, 7), 0.5),
        'backbone.layer4.2.bn3.running_var': torch.full((2048,), 2.0),
        'decode_head.convs.3.weight': head,
        'decode_head.convs.3.bias': torch.ones(21),
    }
    file = str(tmp_path / 'coco.pth')
    torch.save(dict(state_dict=weights), file)
    cfg = deepcopy(load('supervised/deeplabv2_cityscapes_1-50'))
    cfg.model.init_cfg.checkpoint = file
    model = MODELS.build(cfg.model)
    model.init_weights()
    assert (model.backbone.conv1.weight == 0.5).all()
    assert (model.backbone.layer4[2].bn3.running_var == 2).all()
    convs = model.decode_head.convs
    assert [round(conv.weight.std().item(), 4) for conv in convs] == [0.01] * 4
    assert not any(conv.bias.any() for conv in convs)


@pytest.mark.slow
@pytest.mark.parametrize('name', OWN_EXPERIMENTS)
def test_experiments_differ_in_policy_only(name, tmp_path):
    cfg = load(name)
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()
    ours, rist = cfg.to_dict(), load(f'gist/{stem(cell_of(name))}_rist').to_dict()
    del ours['train_cfg']['policy'], rist['train_cfg']['policy']
    own = {'experiment', 'policies', 'labels_only', 'paper', 'long'}
    assert {key: value for key, value in ours.items() if key not in own} == rist


@pytest.mark.parametrize('name', EXPERIMENTS)
def test_settings_of_experiments_change_what_exists(name):
    """A misspelled key would be added without a word."""
    cfg = deepcopy(load(name))
    assert 0 in cfg.experiment.seeds
    for overrides in cfg.experiment.settings.values():
        if other := overrides.pop('stage_0', None):
            assert Config.fromfile(other).train_dataloader == cfg.train_dataloader
        changed = cfg.copy()
        changed.merge_from_dict(overrides)
        POLICIES.build(changed.train_cfg.policy)
        if erase := changed.train_cfg.label_erase:
            TRANSFORMS.build(dict(erase, type='LabelErase'))
        for key in overrides:
            *outer, last = key.split('.')
            if outer == ['train_cfg']:
                assert last in signature(IterativeSelfTrainingLoop).parameters
                continue
            place = cfg
            for part in outer:
                place = place[part]
            assert last in place


@pytest.mark.parametrize('name', OWN_EXPERIMENTS)
def test_labels_only_is_as_deep_as_the_other_policies(name):
    cfg = deepcopy(load(name))
    policies = POLICIES.build(cfg.train_cfg.policy).policies
    if 'addons' in name or 'lengths' in name:
        assert [policy.paths for policy in policies.values()] == [[tuple('PLPL')]]
        (own,) = (
            overrides['train_cfg.policy.policies']
            for setting, overrides in cfg.experiment.settings.items()
            if 'labels only' in setting
        )
        cfg.merge_from_dict({'train_cfg.policy.policies': own})
        policies = POLICIES.build(cfg.train_cfg.policy).policies
        assert [policy.paths for policy in policies.values()] == [[tuple('LLLL')]]
        return
    assert policies['labels only'].paths == [('L',) * 6]
    assert [len(path) for path in policies['RIST'].paths] == [6, 6]
    assert (policies['GIST'].num_stages, policies['GIST'].beam_size) == (6, 1)


@pytest.mark.parametrize('cell', ['animals_1-50', 'camvid_1-16'])
def test_long_stages_are_as_long_as_stage_0_and_learn_as_fast(cell):
    settings = load(f'experiments/{cell}_lengths').experiment.settings
    for overrides in settings.values():
        cfg = deepcopy(load(f'experiments/{cell}_lengths'))
        cfg.merge_from_dict(deepcopy(overrides))
        first, long = Stage(cfg), Stage(cfg, ('P',))
        assert first.iters == long.iters == 1500
        optimizers = [stage.cfg.optim_wrapper.optimizer for stage in (first, long)]
        assert optimizers[0] == optimizers[1]


def test_smaller_pools_are_the_first_images_of_the_list():
    cfg = load(*POOL)
    cfg.merge_from_dict(dict(work_dir='work', metainfo=dict(classes=list('abcdef'))))
    names = (FOLDER / '_base_/splits/animals/1-50/unlabeled.txt').read_text().split()
    sizes = []
    for overrides in cfg.experiment.settings.values():
        cfg.merge_from_dict(overrides)
        images = [Path(image).stem for image in label_files(Stage(cfg, ('P',)))]
        assert images == names[: len(images)]
        sizes.append(len(images))
    assert sizes == [150, 600]


@pytest.mark.parametrize('cell', ['voc_1-50', *COMPARED])
def test_a_dumped_config_is_the_same(cell, tmp_path):
    cfg = load(f'gist/{stem(cell)}_rist')
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


# -------------------------------------- ClassMix, CutMix, UniMatch V2 and S4GAN


@pytest.mark.parametrize('name', SEMI)
def test_it_differs_from_the_supervised_training_in_what_it_must(name):
    """Same segmentor, schedule, development set, and lists of images."""
    ours = load(name).to_dict()
    theirs = load(f'supervised/{stem(cell_of(name))}').to_dict()
    assert ours['model']['segmentor'] == theirs['model']
    assert ours['optim_wrapper'].pop('constructor', None) == (
        'S4GANOptimWrapperConstructor' if 's4gan' in name else None
    )
    ours['optim_wrapper'].pop('discriminator', None)
    for key in ('optim_wrapper', 'param_scheduler', 'val_dataloader', 'val_evaluator'):
        if key == 'val_dataloader':  # the folder that names the lists is another
            ours[key]['dataset'].pop('ann_file'), theirs[key]['dataset'].pop('ann_file')
        assert ours[key] == theirs[key]
    loop = ours['train_cfg']
    assert loop['type'] == 'SemiSupervisedTrainLoop'
    assert loop['max_iters'] % loop['val_interval'] == 0  # so the end is evaluated
    assert loop['max_iters'] == theirs['train_cfg']['max_iters']
    assert ours['default_hooks']['checkpoint']['max_keep_ckpts'] > 1


@pytest.mark.parametrize('name', SEMI)
def test_the_settings_of_the_reference_code(name):
    cfg = load(name)
    data = cell_of(name).split('_')[0]
    batches = {
        loader.batch_size for loader in (cfg.train_dataloader, cfg.unlabeled_dataloader)
    }
    datasets = [cfg.train_dataloader.dataset, cfg.unlabeled_dataloader.dataset]
    kinds = [[step.type for step in dataset.pipeline] for dataset in datasets]
    (hook,) = cfg.custom_hooks
    if 's4gan' in name:
        assert cfg.model.type == 'S4GAN'
        assert cfg.model.threshold == (0.7 if data == 'cityscapes' else 0.6)
        assert cfg.optim_wrapper.discriminator.optimizer == dict(
            type='Adam', lr=1e-5 if data == 'cityscapes' else 1e-4, betas=(0.9, 0.99)
        )
        assert hook == dict(type='HelperHook', name='discriminator')
    elif 'unimatch_v2' in name:
        assert cfg.model.type == 'UniMatchV2'
        assert cfg.model.threshold == dict(animals=0.95, camvid=0)[data]
        assert cfg.model.mask == dict(type='BoxMask')
        jitter = dict(jitter=0.5, hue=0.25, jitter_prob=0.8, gray_prob=0.2)
        blur = dict(sigma=(0.1, 2.0), blur_prob=0.5)
        augmentation = MODELS.build(cfg.model.augmentation)
        expected = StrongAugmentation(**jitter, **blur)
        assert augmentation.amounts.equal(expected.amounts)
        for part in ('jitter_prob', 'gray_prob', 'sigma', 'blur_prob'):
            assert getattr(augmentation, part) == getattr(expected, part)
        assert hook == dict(
            type='MeanTeacherHook', momentum=0.004, warm_up=True, update_buffers=True
        )
    else:
        assert cfg.model.type == 'ClassMix'
        assert cfg.model.mask.type == ('CutMask' if 'cutmix' in name else 'ClassMask')
        assert hook == dict(type='MeanTeacherHook', momentum=0.01, warm_up=True)
        expected = None if data == 'voc' else dict(type='StrongAugmentation')
        assert cfg.model.get('augmentation') == expected
    assert batches == {dict(cityscapes=6).get(data, 8)}
    for steps in kinds:
        assert 'RandomCrop' in steps


@pytest.mark.slow
@pytest.mark.parametrize('name', [n for n in SEMI if 'camvid_1-16' in n])
def test_the_optimizers_have_the_parameters_that_learn(name):
    """The backbone's and the head's, 10 times as fast, never the teacher's."""
    cfg = load(name)
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    wrappers = dict(wrapper.items()) if 's4gan' in name else dict(segmentor=wrapper)
    rates = {}
    for one_wrapper in wrappers.values():
        for group in one_wrapper.param_groups:
            params = (p for p in group['params'] if isinstance(p, torch.nn.Parameter))
            rates.update((param, group['lr']) for param in params)
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert set(rates) == set(learning.values())
    for part, rate in (('backbone', 1e-4), ('decode_head', 1e-3)):
        prefix = f'segmentor.{part}.'
        assert {rates[p] for n, p in learning.items() if n.startswith(prefix)} == {rate}
    others = {rates[p] for n, p in learning.items() if not n.startswith('segmentor.')}
    assert others == ({1e-4} if 's4gan' in name else set())


@pytest.mark.slow
@pytest.mark.parametrize('name', SEMI)
def test_what_was_trained_is_refined_by_the_command_of_its_page(name):
    """The self-training as it is, from what the first training leaves."""
    folder, _, alone = name.partition('/')
    first, cell = load(name), stem(cell_of(name))
    (arguments,) = commands(FOLDER / folder / 'README.md')
    (shown,) = re.findall(r'configs/gist/(\S+)_rist.py', arguments)
    arguments = arguments.replace(shown, cell)
    last = f'iter_{first.train_cfg.max_iters}.pth'
    if not first.default_hooks.checkpoint.get('save_best'):  # the pages name it
        assert f'`{last}`' in (FOLDER / folder / 'README.md').read_text()
        arguments = arguments.replace('best_mIoU_iter_*.pth', last)
        kept = last
    else:
        kept = 'best_mIoU_iter_*.pth'
    cfg = config_of(arguments)
    assert cfg.pop('load_from') == f'work_dirs/{alone}/{kept}'
    assert cfg.pop('work_dir') == f'work_dirs/{alone}_rist'
    theirs = load(f'gist/{cell}_rist').to_dict()
    assert theirs.pop('load_from') is None
    assert cfg.to_dict() == theirs
    assert first.model.segmentor.to_dict() == cfg.model.to_dict()
