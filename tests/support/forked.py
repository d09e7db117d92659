"""Processes that start at once: forks of one that has imported everything.

A new interpreter imports torch and mmseg for seconds, and little else of it
differs from such a fork: see :func:`become`. Some tests start real ones.
"""

import atexit
import gc
import multiprocessing
import os
import runpy
import sys
import tempfile
import warnings
from pathlib import Path
from subprocess import CompletedProcess

import matplotlib.backends.backend_svg  # noqa: F401
import numpy as np
import torch
import torch._dynamo  # noqa: F401  (by the first optimizer)
import torch.utils.cpp_extension  # noqa: F401  (by mmengine's list of versions)
import unformatted_configs  # noqa: F401

import mmseg_gist.analysis.report
import mmseg_gist.cli  # noqa: F401

torch.set_num_threads(1)
gc.collect()
gc.freeze()  # mmengine collects garbage again and again, through all of this

CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload([__name__])


class Fork:
    """A process that runs a file as ``python FILE ARGS`` does.

    Args:
        file: Of Python.
        args: What it finds in ``sys.argv``.
        cwd: Where it runs.
        environment: Variables beside those of this process.
    """

    def __init__(self, file, *args, cwd='.', **environment: str) -> None:
        self.args = [str(arg) for arg in (file, *args)]
        self.files = [tempfile.NamedTemporaryFile('r') for _ in range(2)]
        names = [file.name for file in self.files]
        environment = dict(os.environ, **environment)
        self.process = CONTEXT.Process(
            target=become, args=(self.args, str(cwd), environment, names)
        )
        self.process.start()

    def wait(self) -> CompletedProcess:
        """Its status and what it wrote, when it has ended."""
        self.process.join()
        written = [file.read() for file in self.files]
        return CompletedProcess(self.args, self.process.exitcode, *written)


def run(*args, **kwargs) -> CompletedProcess:
    """A :class:`Fork` from its start to its end."""
    return Fork(*args, **kwargs).wait()


def become(args: list[str], cwd: str, environment: dict, names: list[str]) -> None:
    """What a new interpreter has of its own, and then the file."""
    for descriptor, name in enumerate(names, start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_APPEND), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    np.random.seed()
    torch.seed()
    warnings.simplefilter('ignore')
    sys.argv[:] = args
    sys.path.insert(0, str(Path(args[0]).parent))
    try:
        runpy.run_path(args[0], run_name='__main__')
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out before 3.13
