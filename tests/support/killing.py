"""Ends the process with SIGKILL at the place that ``KILL_AT`` names.

It is imported by the config of a run that is to be killed, e.g.
``KILL_AT=train:7`` in the seventh training iteration, counted over all stages,
``KILL_AT=replace:4`` before the fourth file is put in its place and
``KILL_AT=replaced:4`` right after.
"""

import os
import signal
from collections import Counter

from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from yapf.yapflib import yapf_api

# formatting the configs that are written out would take most of the time
yapf_api.FormatCode = lambda text, **kwargs: (text, False)

counts = Counter()


def reach(place: str) -> None:
    counts[place] += 1
    if os.environ.get('KILL_AT') == f'{place}:{counts[place]}':
        os.kill(os.getpid(), signal.SIGKILL)


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
