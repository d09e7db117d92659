"""Runs a self-training that is killed again and again at random moments.

    killed_at_random.py CONFIG FOLDER KILLS SEED

Every attempt is a fork of this process. A run that ends in spite of it is
checked by the caller, in FOLDER/0, FOLDER/1, ...; the last one was left alone
at its end.
"""

import os
import random
import signal
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmseg_gist.analysis.report import charts

# drawing takes as long as all the rest of the tiny run, and touches no file
for name in ('lines', 'pairs', 'stacks', 'tree'):
    setattr(charts, name, lambda *args, **kwargs: '')


def attempt(cfg: Config, seconds: float | None) -> bool:
    """One process that continues the run; whether it reached the end."""
    child = os.fork()
    if child == 0:
        if seconds:  # of CPU time; nobody handles the signal, so it kills
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_PROF, seconds)
        sys.stdout = open(os.devnull, 'w')
        Runner.from_cfg(cfg).train()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, f'{cfg.work_dir} failed'
    return status == 0


def main(config: str, folder: str, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    runs = 0
    while kills:
        cfg = Config.fromfile(config)
        cfg.work_dir = str(Path(folder, str(runs)))
        cfg.train_dataloader.num_workers = 0  # CPU time is this process's
        cfg.default_hooks.report.enable = True
        cfg.resume = True
        while not attempt(cfg, rng.uniform(0.05, 0.3) if kills else None):
            kills -= 1
        runs += 1


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
