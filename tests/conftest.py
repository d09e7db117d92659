"""One thread a process, no singletons left over, and where real data are."""

import gc
import logging
import os
from pathlib import Path

# Before torch is imported, and for the processes that tests start: the same
# numbers on any machine, and no more threads than cores.
os.environ['OMP_NUM_THREADS'] = '1'

import pytest
import torch
import unformatted_configs  # noqa: F401
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

torch.set_num_threads(1)
ROOT = Path(__file__).resolve().parents[1]
# for the processes that tests start
os.environ['PYTHONPATH'] = os.pathsep.join([str(ROOT), str(ROOT / 'tests/support')])


def pytest_collection_finish() -> None:
    """Leave what was imported out of the many collections that mmengine asks for."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_singletons_left():
    """Clear what a Runner leaves behind for the next one in the process."""
    yield
    logging.shutdown()
    visualizers = Visualizer, *Visualizer.__subclasses__()
    for manager in (MMLogger, MessageHub, DefaultScope, *visualizers):
        manager._instance_dict.clear()


@pytest.fixture(scope='session')
def real_data() -> Path:
    """The folder with ``VOCdevkit``, ``camvid`` and ``voc_animals``.

    ``MMSEG_GIST_DATA`` names it; else it is looked for beside the checkout.
    A test that needs it is skipped where it is missing, but fails in CI.
    """
    folder = Path(os.environ.get('MMSEG_GIST_DATA', ROOT / '../shared/data'))
    missing = [
        str(folder / name)
        for name in ('VOCdevkit', 'camvid', 'voc_animals')
        if not (folder / name).is_dir()
    ]
    if missing:
        reason = f'no real data: {", ".join(missing)} (set MMSEG_GIST_DATA)'
        in_ci = os.environ.get('CI') == 'true'
        pytest.fail(reason, pytrace=False) if in_ci else pytest.skip(reason)
    return folder.resolve()
