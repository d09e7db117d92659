"""One row per policy: cost, development and test mIoU, path, margin (Table IV, V).

The result of a policy is its best stage on the development set. Costs are
means over the seeds, without stage 0, which all share. "literally" counts the images
that Algorithm 1 labels as printed: all unlabeled images for each child, even for one on
human labels.
"""

from statistics import fmean

from mmseg_gist.analysis.cost import cost, literal_trainings, unlabeled_images
from mmseg_gist.analysis.runs import Run, find_runs, records_parser, series
from mmseg_gist.analysis.spread import Spread, spread_of
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.path import to_name, uses_pseudo_labels
from mmseg_gist.self_training.record import best_stage
from mmseg_gist.utils import UserError


def costs(run: Run, policies: list[str]) -> dict[str, int | None]:
    """The costs of policies that share one tree; taken literally, each has its own."""
    visited = {name: list(run.visited(name)) for name in policies}
    union = dict.fromkeys(path for paths in visited.values() for path in paths)
    spent = cost(run.record[path] for path in union)
    size = unlabeled_images(run.record.stages)
    literally = sum(
        literal_trainings(paths, getattr(run.policies[name], 'paths', None))
        for name, paths in visited.items()
        if any(path and uses_pseudo_labels(path[-1]) for path in paths)
    )
    return {
        'stages': spent.stages,
        'iterations': spent.iterations,
        'images labeled': spent.labeled,
        'literally': literally * size if spent.labeled else None,
    }


def mean_costs(runs: list[Run], policies: list[str]) -> dict[str, float | None]:
    columns = [costs(run, policies) for run in runs]
    return {key: mean([column[key] for column in columns]) for key in columns[0]}


def mean(counts: list[int | None]) -> float | int | None:
    if None in counts:
        return None
    value = fmean(counts)
    return int(value) if value.is_integer() else value


def tests(runs: list[Run], policy: str) -> dict[int, float]:
    """From seed to test mIoU of the policy's result."""
    return {run.seed: run.test[best_stage(run.visited(policy))] for run in runs}


def margin(ours: dict[int, float], base: dict[int, float], name: str) -> Spread:
    """Test mIoU above the base's, paired by seed."""
    if missing := sorted(ours.keys() - base.keys()):
        raise UserError(f'there is no seed {missing[0]} of the base {name}')
    return spread_of([test - base[seed] for seed, test in ours.items()])


def find_base(name: str, setting: str, by_key: dict) -> tuple[str, str]:
    """The base of a setting: ``'POLICY'`` of the same, or ``'SETTING/POLICY'``."""
    other, _, policy = name.rpartition('/')
    key = (other or setting, policy)
    if key not in by_key:
        raise UserError(
            f'there is no policy {policy} of setting {key[0]} to be the base; name '
            'one of another setting with --base SETTING/POLICY'
        )
    return key


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__)
    parser.add_argument(
        '--base',
        metavar='[SETTING/]POLICY',
        help='policy that margins are relative to, paired by seed; of the same '
        'setting by default',
    )
    args = parser.parse_args(argv)
    found = find_runs(args.records)
    everything = series(found)
    by_key = series(found, args.policies)
    settings = dict.fromkeys(setting for setting, _ in by_key)
    rows = []
    for setting in settings:
        runs_of = {name: runs for (s, name), runs in by_key.items() if s == setting}
        for name, runs in runs_of.items():
            best = [best_stage(run.visited(name)) for run in runs]
            row = dict(setting=setting, policy=name, seeds=len(runs))
            row |= mean_costs(runs, [name])
            row['dev'] = spread_of([run.dev[path] for run, path in zip(runs, best)])
            ours = tests(runs, name)
            row['test'] = spread_of(list(ours.values()))
            if args.base:
                base = find_base(args.base, setting, everything)
                base_tests = tests(everything[base], base[1])
                row['margin'] = margin(ours, base_tests, args.base)
            row['best stage'] = ', '.join(map(to_name, best))
            rows.append(row)
        if len(runs_of) > 1:
            runs = [
                run
                for run in found
                if run.setting == setting and runs_of.keys() <= run.policies.keys()
            ]
            row = dict.fromkeys(rows[-1]) | dict(setting=setting, seeds=len(runs))
            row['policy'] = 'all, shared stages once'
            if runs:
                rows.append(row | mean_costs(runs, list(runs_of)) | {'best stage': ''})
    if len(settings) == 1:
        rows = [{k: v for k, v in row.items() if k != 'setting'} for row in rows]
    publish(rows, args.out)


if __name__ == '__main__':
    run(main)
