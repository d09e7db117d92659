"""Ends the process with SIGKILL at the place that ``KILL_AT`` names.

It is imported by the config of a run that is to be killed, e.g.
``KILL_AT=train:7`` in the seventh training iteration, counted over all stages,
``KILL_AT=replace:4`` before the fourth file is put in its place and
``KILL_AT=replaced:4`` right after. At ``STOP_AT`` it says so in the named pipe
``STOPPED`` and waits to be killed. At ``FILL_AT`` it fills the disk ``DISK``.
"""

import os
import signal
from collections import Counter

import unformatted_configs  # noqa: F401
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

counts = Counter()


def reach(place: str) -> None:
    counts[place] += 1
    here = f'{place}:{counts[place]}'
    if os.environ.get('KILL_AT') == here:
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get('STOP_AT') == here:
        with open(os.environ['STOPPED'], 'w') as pipe:
            pipe.write(here)
        signal.pause()
    if os.environ.get('FILL_AT') == here:
        with open(os.path.join(os.environ['DISK'], 'filled'), 'wb', 0) as file:
            while True:
                try:
                    file.write(bytes(4096))
                except OSError:
                    break


@HOOKS.register_module()
class KillHook(Hook):
    def before_train_iter(self, *args, **kwargs):
        reach('train')

    def before_val_iter(self, *args, **kwargs):
        reach('val')

    def before_test_iter(self, *args, **kwargs):
        reach('test')


replace = os.replace


def counted_replace(source, target):
    reach('replace')
    replace(source, target)
    reach('replaced')


os.replace = counted_replace
