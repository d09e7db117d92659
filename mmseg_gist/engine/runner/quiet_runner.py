"""Runners whose log shows only what a run does."""

import os.path as osp
import re
import socket
import warnings
from logging import LogRecord

import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from mmengine.runner import Runner
from torch import nn

# What mmengine logs about itself: a line for each parameter, what it calls inside, the
# config, which is in the work dir, and hooks. ``log_level = 'DEBUG'`` shows all.
NOISE = re.compile(
    r'.* is skipped since its requires_grad=False$'
    r'|paramwise_options -- '
    r'|The prefix is not set in metric class '
    r'|"FileClient" will be deprecated'
    r'|"HardDiskBackend" is the alias'
    r'|Distributed training is not used, all SyncBatchNorm'
    r'|Hooks will be executed in the following order:\n'
    r'|Config:\n'
)

# mmseg warns so for each Runner whose config has the hook and does not let it draw
warnings.filterwarnings('ignore', 'The draw is False, it means that the hook')


def is_news(record: LogRecord) -> bool:
    """A filter of loggers and handlers that keeps :data:`NOISE` out."""
    return not NOISE.match(record.getMessage())


def leave_out_noise(logger: MMLogger, log_level: str) -> None:
    """Filters a logger, except at level DEBUG."""
    if log_level != 'DEBUG':
        logger.addFilter(is_news)


class QuietRunner(Runner):
    """mmengine's Runner without noise.

    It logs the environment after everything is built, so a user's error comes first and
    alone.
    """

    def build_logger(self, log_level='INFO', *args, **kwargs) -> MMLogger:
        logger = super().build_logger(log_level, *args, **kwargs)
        leave_out_noise(logger, log_level)
        return logger

    def build_model(self, model) -> nn.Module:
        model = super().build_model(model)
        # mmengine logs each parameter's initialization to a file, past all filters
        if self.cfg.get('log_level') != 'DEBUG':
            for module in model.modules():
                if isinstance(module, BaseModule):
                    module._dump_init_info = _nothing
        return model

    def _log_env(self, env_cfg: dict) -> None:
        self._env_cfg = env_cfg

    def call_hook(self, fn_name: str, **kwargs) -> None:
        if fn_name == 'before_run' and self._env_cfg is not None:
            super()._log_env(self._env_cfg)
            self._env_cfg = None  # a training and its validation both call this
            self.logger.info(f'The config is {self.config_file}')
        super().call_hook(fn_name, **kwargs)

    @property
    def config_file(self) -> str:
        """The file to which the config is written."""
        name = osp.basename(self.cfg.filename or f'{self.timestamp}.py')
        return osp.join(self.work_dir, name)


class BriefRunner(QuietRunner):
    """One Runner of many in a run, which has already logged the environment."""

    def _log_env(self, env_cfg: dict) -> None:
        self._env_cfg = None
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU'
        self.logger.info(
            f'Seed {self.seed}, on {socket.gethostname()} ({device}); the config is '
            f'{self.config_file}'
        )


def _nothing() -> None:
    pass
