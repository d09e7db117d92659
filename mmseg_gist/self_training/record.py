"""The finished stages of a run, on disk.

``record.json`` is all that a run knows: to resume is to read it and ask the policy
again. It is written atomically after each stage.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from mmengine.dist import master_only
from prettytable import PrettyTable

from mmseg_gist.utils import UserError, atomic_path

from .path import ROOT, StagePath, from_name, to_name
from .replay import so_far

RUN_CONFIG = 'run_config.py'  # beside the record, the config that made it


def best_stage(scores: Mapping[StagePath, float | None]) -> StagePath:
    """The result of a search over these stages.

    Args:
        scores: Development mIoU by path, None where a stage failed.

    Returns:
        StagePath: The best stage. Among equal ones it is the stage with the fewest
        stages before it, then the first by name, as in the record. ``ROOT`` if all
        failed.
    """
    finished = [path for path, score in scores.items() if score is not None]

    def rank(path: StagePath) -> tuple:
        return -scores[path], len(path), to_name(path)

    return min(finished, key=rank, default=ROOT)


class Record:
    """The finished stages of a run, by depth and path.

    The order does not depend on which of two stages that ran side by side finished
    first, so a run on several workers leaves the same record.

    A stage is a dict with ``path``, ``iters``, ``seed``, ``status``
    (``'finished'`` or ``'failed'``) and, if finished, ``dev`` and ``test``
    (metrics, mIoU in percent), ``checkpoint`` (relative to the work dir),
    ``seconds`` and ``memory`` (peaks in MiB); if failed, ``reason``.

    Args:
        file: The record's file, ``record.json`` in the run's work dir.
        run: The properties of the run that are compared when it is resumed: a dict that
            survives JSON.
    """

    def __init__(self, file, run: dict) -> None:
        self.file = Path(file)
        self.run = run
        self.stages: list[dict] = []

    @classmethod
    def load(cls, file) -> 'Record':
        """The record in a file.

        Raises:
            UserError: The file is not a record.
        """
        try:
            content = json.loads(Path(file).read_text())
            record = cls(file, content['run'])
            record.stages = content['stages']
            for row in record.stages:
                check_row(row)
            if len(record.scores) < len(record.stages):
                raise ValueError('a path occurs twice')
            if not {'seed', 'settings', 'policy'} <= record.run.keys():
                raise ValueError('the seed, the settings or the policy is missing')
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f'{file} is not a readable record ({error}); restore it, or start '
                'in another --work-dir'
            ) from error
        return record

    @master_only
    def save(self) -> None:
        content = dict(run=self.run, best=to_name(self.best), stages=self.stages)
        with atomic_path(self.file) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + '\n')

    def add(self, stage: dict) -> None:
        self.stages.append(stage)
        self.stages.sort(key=lambda row: (len(from_name(row['path'])), row['path']))
        self.save()

    @property
    def scores(self) -> dict[StagePath, float | None]:
        """Development mIoU by path, None where the stage failed."""
        return {
            from_name(stage['path']): (
                stage['dev']['mIoU'] if stage['status'] == 'finished' else None
            )
            for stage in self.stages
        }

    @property
    def best(self) -> StagePath:
        """The result of the run: see :func:`best_stage`."""
        return best_stage(self.scores)

    def __getitem__(self, path: StagePath) -> dict:
        return next(stage for stage in self.stages if stage['path'] == to_name(path))

    def table(self) -> str:
        """A table for people, with a row per stage and the best one marked."""
        table = PrettyTable(
            ['stage', 'path', 'labels', 'dev mIoU', 'test mIoU', 'seconds', 'best']
        )
        table.align = 'r'
        table.align['path'] = table.align['labels'] = 'l'
        for stage in self.stages:
            path = from_name(stage['path'])
            kind = kind_of_labels(path)
            if stage['status'] == 'failed':
                row = [stage['status'], '', '', '']
            else:
                row = [
                    f'{stage["dev"]["mIoU"]:.2f}',
                    f'{stage["test"]["mIoU"]:.2f}' if stage['test'] else '',
                    f'{sum(stage["seconds"].values()):.1f}',
                    '*' if path == self.best else '',
                ]
            table.add_row([len(path), stage['path'], kind, *row])
        return table.get_string()

    def policies_table(self, policies: Mapping) -> str:
        """A table for people, with the best stage that each policy would have found.

        Args:
            policies: Policies by name, each asked again over the scores of this record.
        """
        table = PrettyTable(['policy', 'stages', 'best', 'dev mIoU', 'test mIoU'])
        table.align = 'r'
        table.align['policy'] = table.align['best'] = 'l'
        for name, policy in policies.items():
            scores = so_far(policy, self.scores)
            row = self[best_stage(scores)]
            test = f'{row["test"]["mIoU"]:.2f}' if row['test'] else ''
            dev = f'{row["dev"]["mIoU"]:.2f}'
            table.add_row([name, len(scores) - 1, row['path'], dev, test])
        return table.get_string()


def check_row(row: dict) -> None:
    """Raises ValueError, KeyError or TypeError if a stage's row is damaged."""
    from_name(row['path'])
    if row['status'] not in ('finished', 'failed'):
        raise ValueError(f'status {row["status"]!r}')
    if row['status'] == 'failed':
        return
    scores = [row['dev']['mIoU']] + ([row['test']['mIoU']] if row['test'] else [])
    if not all(0 <= score <= 100 for score in scores):
        raise ValueError(f'mIoU {scores}')
    sum(row['seconds'].values())
    Path(row['checkpoint'])


def kind_of_labels(path: StagePath) -> str:
    """The labels that the last stage of a path trains on, in words."""
    mix = path[-1] if path else 'L'
    if mix in ('L', 'P'):
        return dict(L='human', P='pseudo')[mix]
    if mix.startswith('B'):
        return f'one kind a batch, human {mix[1:]}'
    return f'human {mix} + pseudo'
