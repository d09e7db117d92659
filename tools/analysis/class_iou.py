"""Test IoU of each class by stage: which classes gain, and which lose.

A row per class, with its share of the human-labeled pixels, its IoU at the first
stage, and how far each other stage is above that, paired by seed. All in percent; means
over the seeds.
"""

from collections.abc import Iterable

from mmseg_gist.analysis.runs import Run, class_ious, find_runs, records_parser
from mmseg_gist.analysis.spread import spread_of
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.path import ROOT, from_name
from mmseg_gist.utils import UserError


def runs_of(runs: Iterable[Run], name: str) -> dict[int, Run]:
    """From seed to the run of a stage's setting.

    Args:
        runs: All runs.
        name: ``'PATH'`` if they have one setting, or ``'SETTING/PATH'``.

    Raises:
        UserError: No run has the setting, or several settings could be meant.
    """
    setting, _, _ = name.rpartition('/')
    settings = dict.fromkeys(run.setting for run in runs)
    if not setting and len(settings) > 1:
        raise UserError(f'{name}: name the setting too, as in {[*settings][0]}/{name}')
    if setting and setting not in settings:
        raise UserError(f'there is no setting {setting}, but {", ".join(settings)}')
    return {run.seed: run for run in runs if setting in ('', run.setting)}


def ious(run: Run, name: str) -> dict[str, float]:
    """From class to test IoU.

    Raises:
        UserError: The run has no such stage, or no test scores of classes.
    """
    path = from_name(name.rpartition('/')[2])
    row = run.record[path] if path in run.record.scores else {}
    if found := class_ious(row.get('test')):
        return found
    raise UserError(f'{run.file} has no test IoU of classes for stage {name}')


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__, policies=False)
    parser.add_argument(
        '--stages',
        nargs='+',
        required=True,
        metavar='[SETTING/]PATH',
        help='the first is what the others are compared with',
    )
    args = parser.parse_args(argv)
    runs = find_runs(args.records)
    scores = {
        name: {seed: ious(run, name) for seed, run in runs_of(runs, name).items()}
        for name in args.stages
    }
    base, *others = scores
    seeds = [seed for seed in scores[base] if all(seed in scores[o] for o in others)]
    if not seeds:
        raise UserError('the stages have no seed in common')
    shares = runs_of(runs, base)[seeds[0]].record[ROOT].get('class_shares')
    rows = []
    for index, name in enumerate(scores[base][seeds[0]]):
        row = {'class': name, 'share': shares[index] if shares else None}
        row[base] = spread_of([scores[base][seed][name] for seed in seeds])
        for other in others:
            row[other] = spread_of(
                [scores[other][seed][name] - scores[base][seed][name] for seed in seeds]
            )
        rows.append(row)
    publish(rows, args.out)


if __name__ == '__main__':
    run(main)
