"""What the command line tools share.

They import mmengine's names from here: if mmengine is missing, importing this package
says what to run.
"""

import errno
import gc
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.device import get_device  # noqa: F401
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from .engine.runner import QuietRunner
from .self_training.plain_config import plain_config
from .utils import UserError, unformatted


def config_parser(description: str) -> ArgumentParser:
    """A parser with the arguments that mmseg's train.py and test.py share."""
    parser = ArgumentParser(description=description)
    parser.add_argument('config', help='the config file')
    parser.add_argument(
        '--work-dir',
        help="where logs and results go (default: the config's own work_dir, or "
        './work_dirs/NAME_OF_THE_CONFIG)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that replace those of the config: key=value, '
        'key.inner=value, key="[a,b]", key="[(a,b),(c,d)]" (quoted, no blanks)',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser


def read_config(file: str, options: dict | None) -> Config:
    """A config, with the options of ``--cfg-options``.

    Raises:
        UserError: If there is no such file.
    """
    if not Path(file).is_file():
        raise UserError(f'{file}: there is no such config file')
    cfg = unformatted(Config.fromfile(file))
    cfg.merge_from_dict(options or {})
    return plain_config(cfg)


def load_config(args: Namespace) -> Config:
    """The config that the arguments of :func:`config_parser` ask for.

    Raises:
        UserError: If there is no such file.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        distribute_over_cpus(cfg)
    default = Path('work_dirs', Path(args.config).stem)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default)
    return cfg


def distribute_over_cpus(cfg: Config) -> None:
    """Starts this process of a distributed run, which mmengine does for GPUs only."""
    torch.distributed.init_process_group('gloo')
    # mmengine's own wrapper, but for the device
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)


def build_runner(cfg: Config) -> Runner:
    """A :class:`QuietRunner`, or the one that the config's ``runner_type`` names."""
    return RUNNERS.build(cfg) if 'runner_type' in cfg else QuietRunner.from_cfg(cfg)


def run(main: Callable[[], None]) -> None:
    """Call a tool's ``main``; a user's error ends it with one line, status 1."""
    # what has been imported is no garbage, which mmengine collects again and again:
    # for every data set that it loads
    gc.freeze()
    try:
        main()
    except UserError as error:
        # from a worker it comes with that worker's traceback before its line
        line = str(error).strip().splitlines()[-1]
        sys.exit(line.removeprefix(f'{UserError.__module__}.UserError: '))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(f'no space left on the disk ({error}): make room and start again')
