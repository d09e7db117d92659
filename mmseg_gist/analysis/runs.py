"""The records of finished runs, as the commands of ``tools/analysis`` read them."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from mmengine.config import Config

from mmseg_gist.self_training.path import StagePath, from_name
from mmseg_gist.self_training.record import RUN_CONFIG, Record
from mmseg_gist.self_training.registry import POLICIES
from mmseg_gist.self_training.replay import replay
from mmseg_gist.utils import UserError, atomic_path

STAGE_0 = 'stage_0'  # where tools/experiment.py trains what its settings share


class Run:
    """A record and the policies that it holds.

    Attributes:
        file: The record's file.
        record (Record): Its contents.
        setting (str): The name of the record's folder, or of the folder above if the
            record's is called ``seed_<n>``.
        seed (int): Seed of the run.
        policies (dict): Policies by name: those of a ``PolicySet``, or one by its type.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.record = Record.load(file)
        folder = file.resolve().parent
        is_seed = folder.name.startswith('seed_')
        self.setting = (folder.parent if is_seed else folder).name
        self.seed = self.record.run['seed']
        policy = self.record.run['policy']
        configs = policy.get('policies') or {policy['type']: policy}
        self.policies = {name: POLICIES.build(cfg) for name, cfg in configs.items()}

    @cached_property
    def dev(self) -> dict[StagePath, float | None]:
        """Development mIoU by path, in percent, None where the stage failed."""
        return self.record.scores

    @cached_property
    def test(self) -> dict[StagePath, float]:
        """Test mIoU by path, in percent.

        Raises:
            UserError: The run had no test set.
        """
        rows = [row for row in self.record.stages if row['status'] == 'finished']
        if any(not row['test'] for row in rows):
            raise UserError(
                f'{self.file} has no test scores; give the config a test_dataloader '
                'and train in another --work-dir'
            )
        return {from_name(row['path']): row['test']['mIoU'] for row in rows}

    def visited(self, policy: str) -> dict[StagePath, float | None]:
        """Development mIoU of the policy's stages, in their order.

        Raises:
            UserError: The record lacks one of them.
        """
        try:
            return self.scores_of(self.policies[policy])
        except UserError as error:
            raise UserError(f'{self.file}, policy {policy}: {error}') from error

    def scores_of(self, policy) -> dict[StagePath, float | None]:
        return {path: self.dev[path] for path in replay(policy, self.dev)}


def read_counts(file: Path, kind: str) -> dict:
    """The earlier counts of a tool in ``tools/analysis``.

    Args:
        file: JSON, beside the record.
        kind: The key of the counts; they are empty if there is no file yet.
    """
    return json.loads(file.read_text()) if file.exists() else {kind: {}}


def write_counts(content: dict, file: Path) -> None:
    """Writes what :func:`read_counts` reads, atomically."""
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(content) + '\n')


def class_ious(scores: dict | None) -> dict[str, float]:
    """From class to IoU in percent, of a stage's scores on one set; empty if none."""
    prefix = 'IoU.'  # of the project's metric and mmseg's
    return {
        key.removeprefix(prefix): value
        for key, value in (scores or {}).items()
        if key.startswith(prefix)
    }


def find_runs(places: Iterable[str]) -> list[Run]:
    """The runs of records, of work dirs, and of folders with such work dirs.

    Args:
        places: A folder without a record stands for the records in its subfolders, up
            to two levels deep, in the order of their names.

    Raises:
        UserError: There is no record, or two of the same setting and seed.
    """
    files = {}
    for place in map(Path, places):
        if place.is_dir() and not (place / 'record.json').exists():
            found = [*place.glob('*/record.json'), *place.glob('*/*/record.json')]
            shared = place / STAGE_0
            found = sorted(file for file in found if shared not in file.parents)
        else:
            found = [place / 'record.json' if place.is_dir() else place]
        if not found or not found[0].exists():
            raise UserError(f'{place}: there is no record.json; give a work dir')
        files.update((file.resolve(), file) for file in found)
    runs = {}
    for run in map(Run, files.values()):
        other = runs.setdefault((run.setting, run.seed), run)
        if other is not run:
            raise UserError(
                f'{other.file} and {run.file} are both seed {run.seed} of '
                f'{run.setting}; give one of them'
            )
    return list(runs.values())


def find_run(place: str) -> Run:
    """The run of a record or of a work dir.

    Raises:
        UserError: There is none, or several.
    """
    runs = find_runs([place])
    if len(runs) > 1:
        raise UserError(f'{place} holds {len(runs)} runs; give one of them')
    return runs[0]


def series(
    runs: Iterable[Run], policies: Iterable[str] | None = None
) -> dict[tuple[str, str], list[Run]]:
    """Runs by setting and policy: the seeds of what is compared.

    Args:
        runs: See :func:`find_runs`.
        policies: Names in the desired order; by default all.

    Raises:
        UserError: No run has such a policy.
    """
    there = list(dict.fromkeys(name for run in runs for name in run.policies))
    for name in policies or ():
        if name not in there:
            raise UserError(
                f'there is no policy {name} in the records, but {", ".join(there)}'
            )
    by_key = {}
    for setting in dict.fromkeys(run.setting for run in runs):
        for name in policies or there:
            those = [r for r in runs if r.setting == setting and name in r.policies]
            if those:
                by_key[setting, name] = those
    return by_key


def series_names(keys: Iterable[tuple[str, str]]) -> list[str]:
    """Names of the series, including the setting if there are several."""
    keys = list(keys)
    several = len({setting for setting, _ in keys}) > 1
    return [f'{setting}: {name}' if several else name for setting, name in keys]


def config_of(run: Run) -> Config:
    """The config with which the run made its record.

    Raises:
        UserError: The config is not beside the record.
    """
    file = run.file.with_name(RUN_CONFIG)
    if not file.exists():
        raise UserError(f'{file}: there is no config; give the work dir of a run')
    cfg = Config.fromfile(file)
    cfg.work_dir = str(file.parent)
    return cfg


def records_parser(description: str, policies: bool = True) -> ArgumentParser:
    """A parser with the arguments that the commands share.

    Args:
        description: Description of the command.
        policies: Whether the user may choose several policies.
    """
    parser = ArgumentParser(description=description)
    parser.add_argument(
        'records',
        nargs='+',
        help='record.json files, work dirs, or folders of work dirs; several seeds of '
        'a setting are in SETTING/seed_<n>',
    )
    if policies:
        parser.add_argument(
            '--policies',
            nargs='+',
            metavar='NAME',
            help='of the records (default: all of them)',
        )
    parser.add_argument(
        '--out',
        metavar='NAME',
        help='write NAME.md, NAME.csv and, if there is a figure, NAME.png',
    )
    return parser
