"""Whatever a config or a damaged file says: one line, or a right result."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.registry import init_default_scope
from play_policy import play
from tiny import write_tiny

from mmseg_gist.datasets.data_check import check_datasets
from mmseg_gist.self_training.path import ROOT, from_name, to_name
from mmseg_gist.self_training.record import Record
from mmseg_gist.self_training.registry import POLICIES, build
from mmseg_gist.utils import UserError

numbers = st.one_of(
    st.integers(-2, 6), st.floats(-0.5, 1.5), st.just(float('nan')), st.none()
)
anything = st.one_of(numbers, st.text(max_size=4), st.booleans(), st.just([1]))
arguments = dict(
    FixedPath=['path'],
    FIST=['num_stages', 'alpha'],
    BatchwiseRandom=['num_stages', 'probability'],
    RIST=['num_stages', 'num_paths', 'probability', 'max_run', 'seed'],
    GIST=['num_stages', 'beam_size'],
)
kinds = st.sampled_from(list(arguments))
right_names = kinds.flatmap(
    lambda kind: st.fixed_dictionaries(
        dict(type=st.just(kind)) | {name: anything for name in arguments[kind]}
    )
)
names = sorted({'type', *(name for names in arguments.values() for name in names)})
any_names = st.dictionaries(st.sampled_from(names), kinds | anything)
one_policy = right_names | any_names
sets = st.fixed_dictionaries(
    dict(
        type=st.just('PolicySet'),
        policies=anything | st.dictionaries(st.text(max_size=2), one_policy | anything),
    )
)
policies = one_policy | sets


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(policies, st.randoms(use_true_random=False))
def test_arguments_of_policies(config, random):
    """A policy that is built ends, and asks for each stage once, parents first."""
    try:
        policy = build(POLICIES, dict(config), 'train_cfg.policy')
    except UserError as error:
        assert '\n' not in str(error)
        return
    scores = {ROOT: 50.0}
    for path in play(policy, scores, limit=400):
        assert path[:-1] in scores
        assert path not in scores
        assert from_name(to_name(path)) == path
        scores[path] = random.choice([None, random.uniform(0, 100), 50.0])


@given(st.text('LPB0.125-', max_size=12))
def test_names_of_paths(name):
    """A name is refused, or is that of exactly one path."""
    try:
        path = from_name(name)
    except UserError:
        return
    assert to_name(path) == name


ROW = dict(
    path='L',
    iters=3,
    seed=1,
    status='finished',
    dev=dict(mIoU=50.0),
    test=None,
    checkpoint='stages/L/checkpoint.pth',
    seconds=dict(training=1.5),
)
WHOLE = json.dumps(
    dict(
        run=dict(seed=1, settings={}, policy=dict(type='FixedPath', path='L')),
        best='L',
        stages=[dict(ROW, path='0'), ROW],
    )
)
damages = st.one_of(
    st.integers(0, len(WHOLE)).map(lambda end: WHOLE[:end]),
    st.tuples(st.integers(0, len(WHOLE) - 1), st.characters(codec='utf-8')).map(
        lambda at: WHOLE[: at[0]] + at[1] + WHOLE[at[0] + 1 :]
    ),
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(['run', 'best', 'stages', 'path', 'status', 'dev']),
                inner,
                max_size=6,
            ),
        ),
    ).map(json.dumps),
)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(damages)
def test_record_file(tmp_path_factory, text):
    """It is refused, or all that is read from it can be used."""
    file = tmp_path_factory.getbasetemp() / 'record.json'
    file.write_text(text, encoding='utf-8')
    try:
        record = Record.load(file)
    except UserError as error:
        assert str(file) in str(error)
        return
    assert all(score is None or score >= 0 for score in record.scores.values())
    if any(row['status'] == 'finished' for row in record.stages):
        assert record[record.best]['status'] == 'finished'
    record.table()
    record.save()
    assert Record.load(file).stages == record.stages


@pytest.fixture(scope='module')
def tiny_config(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp('data'))


@pytest.mark.parametrize('name', ['labeled', 'unlabeled', 'dev', 'test'])
def test_id_lists(name, tmp_path_factory, tiny_config):
    """A list is refused with its name, or all that it names is used."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(tiny_config)
    loader = dict(labeled='train', dev='val').get(name, name) + '_dataloader'
    folder = tmp_path_factory.mktemp('lists')
    good = (tiny_config.parent / f'{name}.txt').read_text().splitlines()
    lines = st.one_of(
        st.sampled_from(good),
        st.sampled_from(['', ' ', 'dev0', 'labeled1', '../images/labeled0', '\x00']),
        st.text(max_size=6),
    )

    @settings(max_examples=25, deadline=None)
    @given(st.lists(lines, max_size=5))
    def check(lines):
        file = folder / 'ids.txt'
        file.write_text('\n'.join(lines), encoding='utf-8', newline='')
        cfg[loader].dataset.ann_file = str(file)
        try:
            check_datasets(cfg)
        except UserError as error:
            assert '\n' not in str(error)
        else:
            content = '\n'.join(lines).removesuffix('\n')  # a last line may end
            named = [line.strip() for line in content.split('\n')]
            assert named
            assert sorted(named) == sorted(set(named) & set(good))

    check()
