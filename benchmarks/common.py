"""What the benchmarks share: the data, the clock, the rounds."""

import json
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

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
    """Keeps when each iteration of the latest training began.

    Runners are made deep inside of what is measured, so the class keeps it.
    """

    priority = 'VERY_HIGH'
    began: list[float] = []

    def before_train(self, runner) -> None:
        TimerHook.began = []

    def before_train_iter(self, *args, **kwargs) -> None:
        TimerHook.began.append(now())

    @staticmethod
    def iteration() -> float:
        """Seconds of the median iteration, with the loading of its batch."""
        return median(b - a for a, b in pairwise(TimerHook.began[WARM_UP:]))


class Turns(NamedTuple):
    """What a side measured.

    Attributes:
        seconds: Of each turn, with the loading of its batches.
        teacher: Those of them that the teacher's forward took.
    """

    seconds: list[float]
    teacher: list[float]


def orders(sides: int) -> Iterator[list[int]]:
    """Who comes when, drawn anew for each cycle, as a neighbor may leave its traces.

    The same in every process.
    """
    generator = Random(0)
    while True:
        yield generator.sample(range(sides), sides)


class TurnHook(Hook):
    """Lets a few iterations of this process's loop pass, then waits for its turn.

    Args:
        place (int): This process's number.
        semaphores (list): That each process waits for.
        length (int): Iterations of a turn.

    Attributes:
        turns (Turns): So far.
    """

    priority = 'VERY_HIGH'

    def __init__(self, place: int, semaphores: list, length: int) -> None:
        self.place, self.semaphores, self.length = place, semaphores, length
        self.cycles = pairwise(orders(len(semaphores)))
        self.iterations = 0
        self.turns = Turns([], [])

    def before_train(self, runner) -> None:
        if teacher := getattr(runner.model, 'teacher', None):
            began = []
            teacher.register_forward_pre_hook(lambda *_: began.append(now()))
            teacher.register_forward_hook(lambda *_: self.add(now() - began.pop()))

    def add(self, seconds: float) -> None:
        self.turns.teacher[-1] += seconds

    def before_train_iter(self, *args, **kwargs) -> None:
        if self.iterations % self.length == 0:
            if self.iterations:
                self.end_turn()
            self.semaphores[self.place].acquire()
            self.began = now()
            self.turns.teacher.append(0.0)
        self.iterations += 1

    def end_turn(self, *args) -> None:
        self.turns.seconds.append(now() - self.began)
        order, next_order = next(self.cycles)
        following = [*order, *next_order][order.index(self.place) + 1]
        self.semaphores[following].release()

    before_test_iter = before_train_iter
    after_train = after_test = end_turn


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


def in_short_turns(
    length: int, sides: dict[str, Callable[[TurnHook], None]]
) -> dict[str, Turns]:
    """Runs every side in a process of its own, a few iterations of each in turn.

    What slows the machine down for more than a moment slows down all of them.

    Args:
        length: Iterations of a turn.
        sides: By name, functions that give their Runner the hook. All run as many
            iterations.

    Returns:
        By name, without the turns in which processes still started or warmed up.
    """
    context = get_context('fork')
    first = next(orders(len(sides)))[0]
    semaphores = [context.Semaphore(place == first) for place in range(len(sides))]
    running = {}
    for place, (name, side) in enumerate(sides.items()):
        receiver, sender = context.Pipe(duplex=False)
        hook = TurnHook(place, semaphores, length)

        def run(side=side, hook=hook, sender=sender) -> None:
            side(hook)
            sender.send(Turns(*(values[WARM_UP:-1] for values in hook.turns)))

        process = context.Process(target=run, daemon=True)
        process.start()
        running[name] = receiver, process
    found = {}
    for name, (receiver, process) in running.items():
        if receiver not in wait([receiver, process.sentinel]):
            raise RuntimeError(f'the process of {name} died')
        found[name] = receiver.recv()
    return found


def turn_ratios(found: dict[str, Turns], one: str, other: str) -> list[float]:
    """Each turn's ratio of two sides."""
    pairs = zip(found[one].seconds, found[other].seconds)
    return [round(ours / theirs, 3) for ours, theirs in pairs]


def ratios(found: list[dict[str, float]], one: str, other: str) -> list[float]:
    """Each round's ratio of two sides."""
    return [row[one] / row[other] for row in found]


def write_json(file: Path, content: dict) -> None:
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + '\n')
