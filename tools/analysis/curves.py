"""Test mIoU by stage, one curve per policy (Fig. 1, Fig. 6).

The value at stage k is that of the policy's best stage of this depth on the development
set.
"""

from mmseg_gist.analysis.choice import best_by_depth
from mmseg_gist.analysis.figures import save_curves
from mmseg_gist.analysis.runs import (
    Run,
    find_runs,
    records_parser,
    series,
    series_names,
)
from mmseg_gist.analysis.spread import Spread, spread_of
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run


def curve(runs: list[Run], policy: str) -> dict[int, Spread]:
    """From stage to test mIoU, over the seeds whose stage did not fail."""
    values = {}
    for each in runs:
        for depth, path in best_by_depth(each.visited(policy)).items():
            values.setdefault(depth, []).append(each.test[path])
    return {depth: spread_of(values[depth]) for depth in sorted(values)}


def main(argv: list[str] | None = None) -> None:
    args = records_parser(__doc__).parse_args(argv)
    by_key = series(find_runs(args.records), args.policies)
    curves = [curve(runs, policy) for (_, policy), runs in by_key.items()]
    curves = dict(zip(series_names(by_key), curves))
    depths = sorted({depth for points in curves.values() for depth in points})
    rows = [
        {'stage': d, **{label: points.get(d) for label, points in curves.items()}}
        for d in depths
    ]
    publish(rows, args.out)
    if args.out:
        save_curves(curves, 'stage', 'test mIoU [%]', f'{args.out}.png')


if __name__ == '__main__':
    run(main)
