import pytest
from made_up_records import POLICIES, SEEDS, write_record, write_seeds

import mmseg_gist  # noqa: F401
from mmseg_gist.analysis.runs import (
    config_of,
    find_run,
    find_runs,
    series,
    series_names,
)
from mmseg_gist.self_training.path import to_name
from mmseg_gist.utils import UserError

RIST = dict(type='RIST', num_stages=1, num_paths=2)


def fault(places) -> str:
    with pytest.raises(UserError) as error:
        find_runs(map(str, places))
    assert '\n' not in str(error.value)
    return str(error.value)


def test_a_run_knows_its_setting_seed_and_policies(tmp_path):
    write_seeds(tmp_path / 'work/CL')
    write_record(tmp_path / 'my_run', 7, {'0': (1, 2)}, RIST)
    runs = find_runs([str(tmp_path / 'work/CL'), str(tmp_path / 'my_run')])
    assert [(run.setting, run.seed) for run in runs] == [
        ('CL', 0),
        ('CL', 1),
        ('my_run', 7),
    ]
    assert list(runs[0].policies) == list(POLICIES)
    assert list(runs[2].policies) == ['RIST']
    visited = runs[1].visited('GIST')
    assert {to_name(path): score for path, score in visited.items()} == {
        name: SEEDS[1][name][0] for name in ('0', 'P', 'L', 'LP', 'LL')
    }
    assert runs[1].test[('L', 'P')] == 49


def test_records_are_found_where_experiments_write_them(tmp_path):
    for setting in ('CL', 'none', 'stage_0'):
        write_seeds(tmp_path / setting)
    (tmp_path / 'CL/seed_0/stages/0').mkdir(parents=True)
    found = find_runs([str(tmp_path)])
    assert [(run.setting, run.seed) for run in found] == [
        ('CL', 0),
        ('CL', 1),
        ('none', 0),
        ('none', 1),
    ]
    # given again, as a folder and as a file
    again = [tmp_path, tmp_path / 'CL/seed_0', tmp_path / 'CL/seed_0/record.json']
    assert len(find_runs(map(str, again))) == 4


def test_a_missing_record_is_said(tmp_path):
    message = f'{tmp_path}: there is no record.json; give a work dir'
    assert fault([tmp_path]) == message
    assert 'nowhere: there is no record.json' in fault([tmp_path / 'nowhere'])


def test_one_seed_does_not_count_twice(tmp_path):
    places = [tmp_path / 'a/CL', tmp_path / 'b/CL']
    files = [write_seeds(place) / 'seed_0/record.json' for place in places]
    assert fault(places) == (
        f'{files[0]} and {files[1]} are both seed 0 of CL; give one of them'
    )


def test_one_run_is_one(tmp_path):
    seeds = write_seeds(tmp_path / 'CL')
    assert find_run(str(seeds / 'seed_1')).seed == 1
    with pytest.raises(UserError) as error:
        find_run(str(seeds))
    assert str(error.value) == f'{seeds} holds 2 runs; give one of them'


def test_series_are_seeds_of_a_setting_and_a_policy(tmp_path):
    write_seeds(tmp_path / 'CL')
    write_record(tmp_path / 'none/seed_0', 0, SEEDS[0], RIST)
    runs = find_runs([str(tmp_path)])
    by_key = series(runs)
    assert {key: [run.seed for run in those] for key, those in by_key.items()} == {
        ('CL', 'labels only'): [0, 1],
        ('CL', 'GIST'): [0, 1],
        ('CL', 'mixed'): [0, 1],
        ('none', 'RIST'): [0],
    }
    assert series_names(by_key)[-2:] == ['CL: mixed', 'none: RIST']
    some = series(runs, ['mixed', 'GIST'])
    assert list(some) == [('CL', 'mixed'), ('CL', 'GIST')]
    assert series_names(some) == ['mixed', 'GIST']
    with pytest.raises(UserError) as error:
        series(runs, ['GIST', 'gist'])
    assert str(error.value) == (
        'there is no policy gist in the records, but labels only, GIST, mixed, RIST'
    )


def test_an_unfinished_policy_is_named(tmp_path):
    file = write_record(tmp_path / 'run', 0, {'0': (1, 2), 'P': (3, 4)}, RIST)
    (run,) = find_runs([str(file)])
    with pytest.raises(UserError) as error:
        run.visited('RIST')
    assert str(error.value) == (
        f'{file}, policy RIST: stage L is not in the record; train it by resuming '
        'the run with this policy'
    )


def test_runs_without_a_test_set_say_so(tmp_path):
    file = write_record(tmp_path / 'run', 0, {'0': (50, None), 'P': None}, RIST)
    (run,) = find_runs([str(file)])
    assert run.dev == {(): 50, ('P',): None}
    with pytest.raises(UserError, match='record.json has no test scores; give the'):
        _ = run.test


def test_the_config_is_the_one_that_made_the_record(tmp_path):
    file = write_record(tmp_path / 'run', 0, {'0': (1, 2)}, RIST)
    (run,) = find_runs([str(file)])
    with pytest.raises(UserError, match='py: there is no config; give the work dir'):
        config_of(run)
    for name in ('run_config', 'tested'):
        (tmp_path / f'run/{name}.py').write_text(f"name = '{name}'\nwork_dir = 'x'")
    cfg = config_of(run)
    assert (cfg.name, cfg.work_dir) == ('run_config', str(tmp_path / 'run'))
