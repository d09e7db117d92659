import math
from types import SimpleNamespace

import pytest
import torch

from mmseg_gist.engine.hooks import NonFiniteLossError, NonFiniteLossHook


def check(**outputs):
    NonFiniteLossHook().after_train_iter(SimpleNamespace(iter=41), 0, outputs=outputs)


@pytest.mark.parametrize(
    'value, text',
    [
        (torch.tensor(math.nan), 'nan'),
        (torch.tensor(math.inf), 'inf'),
        (torch.tensor(-math.inf), '-inf'),
        (math.nan, 'nan'),
    ],
)
@pytest.mark.parametrize('name', ['loss', 'decode.loss_ce', 'loss_consistency'])
def test_a_loss_that_is_not_finite_ends_the_training(name, value, text):
    with pytest.raises(NonFiniteLossError) as error:
        check(**{'other.loss_ce': torch.tensor(1.0), name: value})
    assert str(error.value) == f'{name} is {text} at iteration 42'


def test_other_values_may_be_anything():
    check(loss=torch.tensor(1e30), acc_seg=torch.tensor(math.nan))
    check()
    NonFiniteLossHook().after_train_iter(SimpleNamespace(iter=0), 0, outputs=None)


def test_another_process_ends_this_one_too(monkeypatch):
    module = 'mmseg_gist.engine.hooks.non_finite_loss_hook'
    monkeypatch.setattr(f'{module}.all_reduce', lambda flag, op: flag.fill_(1))
    theirs = 'loss is nan at iteration 42'
    monkeypatch.setattr(f'{module}.all_gather_object', lambda ours: [ours, theirs])
    with pytest.raises(NonFiniteLossError, match=theirs):
        check(loss=torch.tensor(1.0))


def test_the_last_finite_state_is_kept(cfg, make_stage, run):
    """A real training that diverges."""
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=1e38)
    cfg.train_cfg.stage_iters = 9
    cfg.default_hooks.checkpoint.interval = 1
    stage = make_stage('L')
    with pytest.raises(NonFiniteLossError) as error:
        run(stage)
    words = str(error.value).split()
    assert words[0].endswith('loss') or 'loss_' in words[0]
    iteration = int(words[-1])
    assert 2 <= iteration < 9
    last = torch.load(f'{stage.work_dir}/last.pth', weights_only=False)
    assert last['meta']['iter'] == iteration - 1
