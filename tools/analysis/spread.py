"""The spread over random paths and over groups of them (Table II, Fig. 7).

The result of a path or of a group is its best stage on the development set. The first
table has a row per path. The second has means over paths; the last of them is over
the groups of the first GROUP paths, the next GROUP paths, and so on. The third has the
mean and the deviation over all groups of n paths, each as likely as the others.
"""

from mmseg_gist.analysis.figures import save_curves
from mmseg_gist.analysis.runs import Run, find_runs, records_parser, series
from mmseg_gist.analysis.spread import (
    best_of_consecutive_groups,
    best_of_groups,
    is_degenerate,
    spread_of,
)
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.path import StagePath, to_name
from mmseg_gist.self_training.policies import FixedPath
from mmseg_gist.self_training.record import best_stage
from mmseg_gist.utils import UserError


def paths_of(run: Run, policy: str | None) -> list[StagePath]:
    """The paths of the named policy, or of the one with the most."""
    if policy:
        series([run], [policy])  # raises if it is not there
        paths = getattr(run.policies[policy], 'paths', [])
    else:
        paths = max((getattr(p, 'paths', []) for p in run.policies.values()), key=len)
    if len(paths) < 2:
        raise UserError(
            f'{run.file}: this takes a policy with several paths; name a RIST with '
            '--policy'
        )
    return paths


def result_of(run: Run, path: StagePath) -> StagePath:
    return best_stage(run.scores_of(FixedPath(to_name(path))))


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__, policies=False)
    parser.add_argument('--policy', help='default: the one with the most paths')
    parser.add_argument(
        '--group', type=int, help='default: 5, or all paths where there are fewer'
    )
    args = parser.parse_args(argv)
    runs = find_runs(args.records)
    if len(runs) > 1:
        raise UserError(f'{runs[1].file}: paths belong to one run; give one record')
    paths = paths_of(runs[0], args.policy)
    group = min(5, len(paths)) if args.group is None else args.group
    if not 1 <= group <= len(paths):
        raise UserError(
            f'--group {group} of {len(paths)} paths; give 1 to {len(paths)}'
        )
    rows, results = [], []
    for path in paths:
        best = result_of(runs[0], path)
        results.append((runs[0].dev[best], runs[0].test[best]))
        row = dict(path=to_name(path), degenerate='yes' if is_degenerate(path) else '')
        row |= {'best stage': to_name(best)}
        rows.append(row | dict(zip(('dev', 'test'), results[-1])))
    publish(rows, args.out)

    sound = [test for path, (_, test) in zip(paths, results) if not is_degenerate(path)]
    means = {'all paths': spread_of([test for _, test in results])}
    if sound:
        means['paths that are not degenerate'] = spread_of(sound)
    name = f'best of each {group} paths in turn'
    means[name] = best_of_consecutive_groups(results, group)
    print()
    publish(
        [{'mean of': name, 'n': s.count, 'test': s} for name, s in means.items()],
        args.out and f'{args.out}_means',
    )

    groups = {n: best_of_groups(results, n) for n in range(1, len(paths) + 1)}
    print()
    publish(
        [{'paths in a group': n, 'test': groups[n]} for n in groups],
        args.out and f'{args.out}_groups',
    )
    if args.out:
        label = 'best of a group on the development set'
        save_curves(
            {label: groups}, 'paths in a group', 'test mIoU [%]', f'{args.out}.png'
        )


if __name__ == '__main__':
    run(main)
