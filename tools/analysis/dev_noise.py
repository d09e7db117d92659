"""How noisy the choice of a stage on the development set is, and what it costs.

Images are drawn with replacement from those in dev_areas.json, which dev_areas.py
writes beside the record. The deviation of mIoU over such sets is its standard error.
All stages see the same sets, so the difference between two stages has its own, smaller
error.

The first table, for a single run, has a row per stage: its development mIoU and how far
it is below the best, each with its standard error. The second compares two rules on
the stages of each policy: "best", that of this project, and "last", the deepest stage
that is at most one standard error of the difference below the best. The cost of a rule
is how far its stage is below the best of the policy's stages on the test set. Means are
over seeds. Runs that have not ended count with their stages so far.
"""

from mmseg_gist.analysis.areas import read_areas
from mmseg_gist.analysis.noise import Noise
from mmseg_gist.analysis.runs import (
    Run,
    find_runs,
    records_parser,
    series,
    series_names,
)
from mmseg_gist.analysis.spread import spread_of
from mmseg_gist.analysis.tables import Row, publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.path import to_name
from mmseg_gist.self_training.replay import so_far
from mmseg_gist.utils import UserError


def stage_rows(each: Run, noise: Noise) -> list[Row]:
    highest = noise.scores[noise.best]
    return [
        {
            'stage': to_name(path),
            'dev': score,
            'SE': noise.own[path],
            'below best': highest - score,
            'SE of that': noise.to_best[path],
            'test': each.test[path],
        }
        for path, score in noise.scores.items()
    ]


def rule_row(rule: str, runs: list[Run], noises: list[Noise]) -> Row:
    """What a rule chooses, run by run; "cost" is in percentage points."""
    chosen = [getattr(noise, rule) for noise in noises]
    tests = [each.test[path] for each, path in zip(runs, chosen)]
    highest = [max(r.test[path] for path in n.scores) for r, n in zip(runs, noises)]
    return {
        'rule': rule,
        'stages': ', '.join(map(to_name, chosen)),
        'dev': spread_of([n.scores[path] for n, path in zip(noises, chosen)]),
        'SE': spread_of([n.own[path] for n, path in zip(noises, chosen)]),
        'test': spread_of(tests),
        'cost': spread_of([most - test for most, test in zip(highest, tests)]),
    }


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__)
    parser.add_argument('--draws', type=int, default=2000, help='sets drawn anew')
    parser.add_argument('--seed', type=int, default=0, help='seed of the draws')
    args = parser.parse_args(argv)
    if args.draws < 2:
        raise UserError(f'--draws {args.draws}: a deviation takes at least 2')
    runs = find_runs(args.records)
    areas = {each: read_areas(each) for each in runs}
    if len(runs) == 1:
        (each,) = runs
        rows = stage_rows(each, Noise(areas[each], args.draws, args.seed))
        publish(rows, args.out and f'{args.out}_stages')
        print()

    def noise_of(each: Run, policy: str) -> Noise:
        visited = so_far(each.policies[policy], each.dev)
        there = {path: areas[each][path] for path in visited if path in areas[each]}
        return Noise(there, args.draws, args.seed)

    by_key = series(runs, args.policies)
    rows = []
    for label, ((_, policy), those) in zip(series_names(by_key), by_key.items()):
        noises = [noise_of(each, policy) for each in those]
        for rule in ('best', 'last'):
            rows.append({'policy': label} | rule_row(rule, those, noises))
    publish(rows, args.out)


if __name__ == '__main__':
    run(main)
