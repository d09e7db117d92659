"""Where stages run.

An executor has two methods: ``submit(stage)`` takes a :class:`Stage` for
:func:`run_stage`, ``next_finished()`` waits for one and returns its row of the record.
The executor decides how many stages run at the same time.
"""

import os
import socket
from collections import deque
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_distributed
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings

from mmseg_gist.utils import UserError

from .path import StagePath
from .registry import EXECUTORS
from .stage import Stage
from .training import run_stage


@EXECUTORS.register_module()
class SerialExecutor:
    """One stage after the other, in this process (and its DDP ranks)."""

    def __init__(self) -> None:
        self.waiting = deque()

    def submit(self, stage: Stage) -> None:
        self.waiting.append(stage)

    def next_finished(self) -> dict:
        return run_stage(self.waiting.popleft())


@EXECUTORS.register_module()
class RayExecutor:
    """Each stage is a Ray task; as many run at a time as there are CPUs and GPUs.

    If a worker or a machine dies, its stage resumes elsewhere from the stage's own last
    checkpoint.

    Args:
        num_gpus_per_stage (float): A stage trains on one GPU, or on a part of one (0.5:
            two stages share it); 0 for the CPU. Defaults to 1.
        num_cpus_per_stage (int): Ray gives a stage this many threads
            (``OMP_NUM_THREADS``). The last bits of results depend on this number.
            Defaults to 1.
        address (str): Address of the Ray cluster; ``'auto'`` for the cluster of this
            machine. All its machines must see the work dir, the data and the weights
            under the same paths. Defaults to ``'local'``: a separate Ray that ends with
            the run.
        max_retries (int): How many times a stage is run again after its worker
            died. Defaults to 3.

    Raises:
        UserError: Ray is not installed, there is no cluster at the address, it
            is too small for a stage, or the run has a ``--launcher``.
    """

    def __init__(
        self,
        num_gpus_per_stage: float = 1,
        num_cpus_per_stage: int = 1,
        address: str = 'local',
        max_retries: int = 3,
    ) -> None:
        if is_distributed():
            raise UserError(
                'RayExecutor starts its processes itself: leave out --launcher'
            )
        try:
            import ray
        except ImportError as error:
            raise UserError(
                "RayExecutor needs Ray: pip install 'mmseg-gist[ray]'"
            ) from error
        self.ray = ray
        if not ray.is_initialized():
            try:
                ray.init(address=address, log_to_driver=False)
            except ConnectionError as error:
                raise UserError(
                    f'no Ray cluster at address={address!r}: start one with '
                    '"ray start --head", or leave address out'
                ) from error
        needed = dict(CPU=num_cpus_per_stage, GPU=num_gpus_per_stage)
        there = ray.cluster_resources()
        for name, number in needed.items():
            if number > there.get(name, 0):
                raise UserError(
                    f'a stage asks for {number} {name}s, but the Ray cluster has '
                    f'{there.get(name, 0):g}: lower num_{name.lower()}s_per_stage'
                )
        # Without a GPU, Ray reuses the workers' processes. With one, it ends them after
        # each task, which frees the GPU's memory.
        self.task = ray.remote(
            num_gpus=num_gpus_per_stage,
            num_cpus=num_cpus_per_stage,
            max_retries=max_retries,
        )(run_stage_in_worker)
        self.running = {}

    def submit(self, stage: Stage) -> None:
        cfg = stage.run_cfg.to_dict()
        task = self.task.remote(cfg, stage.path, os.getcwd(), os.getpid())
        self.running[task] = stage

    def next_finished(self) -> dict:
        (task,), _ = self.ray.wait(list(self.running), num_returns=1)
        try:
            row = self.ray.get(task)
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self.ray.exceptions.RayError as error:
            raise UserError(
                f'the worker of stage {self.running[task].name} died '
                f'repeatedly ({" ".join(str(error).split())}); see its log in the '
                "stage's folder"
            ) from error
        del self.running[task]
        return row


def run_stage_in_worker(cfg: dict, path: StagePath, cwd: str, driver: int) -> dict:
    """:func:`run_stage` in another process, perhaps on another machine.

    Args:
        cfg (dict): The run's config as built-in types, which any version can unpickle.
        path: Path of the stage.
        cwd (str): The driver's folder, from which the config's relative paths start.
        driver (int): The driver's process, which the lock of the work dir names.
    """
    cfg = Config(cfg, format_python_code=False)
    lock = Path(cwd, cfg.work_dir, 'lock')
    if not lock.exists() or lock.read_text() != str(driver):
        raise UserError(
            f'{socket.gethostname()} does not see the work dir {lock.parent}: put it '
            'on a file system shared by all machines of the Ray cluster'
        )
    os.chdir(cwd)
    import_modules_from_strings(**cfg.get('custom_imports') or {})
    # as the run's own Runner does in its process
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    return run_stage(Stage(cfg, path))
