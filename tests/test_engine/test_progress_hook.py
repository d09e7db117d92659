import os

import pytest
import torch
from mmengine.runner import Runner, find_latest_checkpoint


@pytest.fixture
def cfg(cfg):
    cfg.default_hooks.checkpoint.interval = 2
    cfg.train_cfg.stage_iters = 5
    return cfg


@pytest.fixture
def saved(monkeypatch):
    """The iterations, counted from 0, after which a checkpoint was saved."""
    iterations = []
    save = Runner.save_checkpoint

    def counted(runner, *args, **kwargs):
        iterations.append(runner.iter)
        save(runner, *args, **kwargs)

    monkeypatch.setattr(Runner, 'save_checkpoint', counted)
    return iterations


def files(folder):
    return sorted(name for name in os.listdir(folder) if name.startswith(('last', '.')))


def test_progress_is_saved_in_intervals_and_at_the_end(make_stage, run, saved):
    runner, _ = run(make_stage('L'))
    assert saved == [1, 3, 4]
    # one file; mmengine's own hook saves none
    assert files(runner.work_dir) == ['last.pth', 'last_checkpoint']
    assert not [name for name in os.listdir(runner.work_dir) if 'iter_' in name]


@pytest.mark.slow
def test_it_is_saved_after_a_step_of_the_optimizer(make_stage, run, saved):
    """Else the gradients that were added up before would be lost."""
    stage = make_stage('L')
    stage.optim_wrapper.accumulative_counts = 3
    stage.train_cfg.max_iters = 10
    run(stage)
    assert saved == [2, 5, 8, 9]


def test_what_is_saved_is_all_that_resuming_needs(make_stage, run):
    runner, _ = run(make_stage('L'))
    path = find_latest_checkpoint(runner.work_dir)
    assert path == os.path.join(runner.work_dir, 'last.pth')
    content = torch.load(path, weights_only=False)
    assert content['meta']['iter'] == 5
    assert content['optimizer']['state']
    assert content['param_schedulers'][0]['_global_step'] == 5
    assert 'train/loss' in content['message_hub']['log_scalars']
    weights = runner.model.state_dict()
    assert all(torch.equal(content['state_dict'][key], weights[key]) for key in weights)


@pytest.mark.slow
def test_it_is_saved_after_all_others_did_their_part(make_stage, run):
    """The teacher and the schedule of the same iteration."""
    runner, _ = run(make_stage('L'))
    names = [type(hook).__name__ for hook in runner.hooks]
    assert names.index('ProgressHook') == len(names) - 1


def test_a_failed_save_leaves_the_last_one(make_stage, run, monkeypatch):
    save = Runner.save_checkpoint

    def full(runner, folder, name, **kwargs):
        if runner.iter < 3:
            return save(runner, folder, name, **kwargs)
        with open(os.path.join(folder, name), 'w') as file:
            file.write('half of it')
            raise OSError('no space left')

    monkeypatch.setattr(Runner, 'save_checkpoint', full)
    stage = make_stage('L')
    with pytest.raises(OSError, match='no space left'):
        run(stage)
    assert files(stage.work_dir) == ['last.pth', 'last_checkpoint']
    content = torch.load(f'{stage.work_dir}/last.pth', weights_only=False)
    assert content['meta']['iter'] == 2


def test_one_process_alone_writes(make_stage, run, monkeypatch):
    module = 'mmseg_gist.engine.hooks.progress_hook'
    monkeypatch.setattr(f'{module}.is_main_process', lambda: False)
    runner, _ = run(make_stage('L'))
    assert files(runner.work_dir) == []
