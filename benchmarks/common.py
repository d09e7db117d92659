"""What the benchmarks share: the data, the clock, the rounds."""

import json
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_gist.utils import atomic_path

ROOT = Path(__file__).resolve().parents[1]
WARM_UP = 3  # iterations that are not counted


def now() -> float:
    """Seconds, after all that the GPU was asked for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


@HOOKS.register_module()
class TimerHook(Hook):
    """Keeps when each iteration of the latest training began, and more.

    Runners are made deep inside of what is measured, so the class keeps it:

    Attributes:
        began: Seconds, of each iteration.
        teacher: Seconds that the teacher's forward took, of each iteration.
    """

    priority = 'VERY_HIGH'
    began: list[float] = []
    teacher: list[float] = []

    def before_train(self, runner) -> None:
        TimerHook.began, TimerHook.teacher = [], []
        if teacher := getattr(runner.model, 'teacher', None):
            started = []
            teacher.register_forward_pre_hook(lambda *_: started.append(now()))
            teacher.register_forward_hook(lambda *_: self.add(now() - started.pop()))

    def add(self, seconds: float) -> None:
        TimerHook.teacher[-1] += seconds

    def before_train_iter(self, *args, **kwargs) -> None:
        TimerHook.began.append(now())
        TimerHook.teacher.append(0.0)

    @staticmethod
    def iteration() -> float:
        """Seconds of the median iteration, with the loading of its batch."""
        return median(b - a for a, b in pairwise(TimerHook.began[WARM_UP:]))

    @staticmethod
    def teacher_share() -> float:
        """The share of the teacher's forward in the iterations."""
        seconds = TimerHook.began[-1] - TimerHook.began[WARM_UP]
        return sum(TimerHook.teacher[WARM_UP:-1]) / seconds


def timed(cfg: Config) -> None:
    """Gives the Runners of a config the :class:`TimerHook`."""
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='TimerHook')]


def make_shapes(data: Path, *arguments: str) -> None:
    """Makes the embedded data set of textured shapes."""
    tool = ROOT / 'tools/dataset_converters/shapes.py'
    command = [sys.executable, tool, data, *arguments]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def use_shapes(cfg: Config, data: Path) -> None:
    """Points the loaders of a config at the data set of shapes."""
    sets = dict(train='labeled', unlabeled='unlabeled', val='dev', test='test')
    for name, ids in sets.items():
        cfg[f'{name}_dataloader'].dataset.update(
            data_root=str(data), ann_file=f'{ids}.txt', img_suffix='.png'
        )


def use_workers(cfg: Config, num_workers: int) -> None:
    """With 0, images are loaded by the process that trains."""
    for name in ('train', 'unlabeled', 'val', 'test'):
        if loader := cfg.get(f'{name}_dataloader'):
            loader.update(num_workers=num_workers, persistent_workers=False)


def rounds_parser(description: str) -> ArgumentParser:
    """The arguments that every benchmark has."""
    parser = ArgumentParser(
        description=description, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', required=True, type=Path, help='JSON file to write')
    parser.add_argument('--rounds', type=int, default=5)
    return parser


def in_turns(rounds: int, sides: dict[str, Callable]) -> list[dict]:
    """Measures every side once a round, in every other round the last one first.

    So a machine that slows down in the meantime slows all of them down alike.

    Args:
        rounds: How often.
        sides: Functions without arguments by name.

    Returns:
        What they return, for each round by name.
    """
    found = []
    for number in range(rounds):
        names = list(sides)[:: -1 if number % 2 else 1]
        found.append({name: sides[name]() for name in names})
    return found


def ratios(found: list[dict[str, float]], one: str, other: str) -> list[float]:
    """Each round's ratio of two sides."""
    return [row[one] / row[other] for row in found]


def write_json(file: Path, content: dict) -> None:
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + '\n')
