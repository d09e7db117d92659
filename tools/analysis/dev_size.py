"""How large the development set must be (Table III).

The trained stages do not change. Only the choice is repeated, on random parts of the
images in dev_areas.json, which dev_areas.py writes beside the record. With other
scores, a search may ask for stages that were not trained. Such a draw is not counted;
the column "complete" has the number of the others. Means are over draws and seeds.
"""

from mmseg_gist.analysis.areas import draw_subsets, mean_iou, read_areas
from mmseg_gist.analysis.figures import save_curves
from mmseg_gist.analysis.runs import (
    Run,
    find_runs,
    records_parser,
    series,
    series_names,
)
from mmseg_gist.analysis.spread import spread_of
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.record import best_stage
from mmseg_gist.self_training.replay import replay
from mmseg_gist.utils import UserError


def choose(each: Run, policies: list[str], sizes: list[int], draws: int, seed: int):
    """Yields (policy, size, test mIoU or None where a stage is missing)."""
    areas = read_areas(each)
    count = len(next(iter(areas.values())))
    for size in (size for size in sizes if size <= count):
        for subset in draw_subsets(size, count, draws, seed):
            scores = dict.fromkeys(each.dev) | {
                path: mean_iou(of_images[subset]) for path, of_images in areas.items()
            }
            for policy in policies:
                try:
                    visited = replay(each.policies[policy], scores)
                except UserError:
                    yield policy, size, None
                else:
                    best = best_stage({path: scores[path] for path in visited})
                    yield policy, size, each.test[best]


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__)
    parser.add_argument(
        '--sizes',
        nargs='+',
        type=int,
        default=[10, 25, 50, 100, 200, 500],
        help='numbers of images; sizes above that of the set are left out',
    )
    parser.add_argument('--draws', type=int, default=20, help='parts of each size')
    parser.add_argument('--seed', type=int, default=0, help='seed of the draws')
    args = parser.parse_args(argv)
    by_key = series(find_runs(args.records), args.policies)
    chosen = {}
    for each in dict.fromkeys(sum(by_key.values(), [])):
        names = [name for (_, name), runs in by_key.items() if each in runs]
        for policy, size, test in choose(
            each, names, args.sizes, args.draws, args.seed
        ):
            tests = chosen.setdefault((each.setting, policy), {})
            tests.setdefault(size, []).append(test)
    if not chosen:
        raise UserError('there are fewer images than the smallest of --sizes')
    curves, sizes = {}, sorted({size for tests in chosen.values() for size in tests})
    rows = [{'images': size} for size in sizes]
    for label, tests in zip(series_names(chosen), chosen.values()):
        curves[label] = {}
        for row in rows:
            all_tests = tests.get(row['images'], [])
            complete = [test for test in all_tests if test is not None]
            row[label] = spread_of(complete) if complete else None
            row[f'{label}, complete'] = f'{len(complete)} of {len(all_tests)}'
            if complete:
                curves[label][row['images']] = row[label]
    publish(rows, args.out)
    if args.out:
        xlabel = 'images of the development set'
        save_curves(curves, xlabel, 'test mIoU [%]', f'{args.out}.png')


if __name__ == '__main__':
    run(main)
