"""How many stages before the mIoU falls does the bloat guard warn?

A row for each path: the most that classes had swallowed in the labels of its
stages, the stage before whose training the guard warns, and the stage from which
on the development mIoU stays more than --margin points below the best before.
"ahead" is the number of stages between: 0 where the warning comes before the very
stage that falls is trained. Test mIoU is shown, and decides nothing.
"""

from mmseg_gist.analysis.bloat import falls_at, swallowed_by_stage, warned_at
from mmseg_gist.analysis.report.tree import leaves
from mmseg_gist.analysis.runs import Run, find_runs, records_parser
from mmseg_gist.analysis.tables import Row, publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.bloat_guard import BloatGuard
from mmseg_gist.self_training.path import (
    Path,
    from_name,
    to_name,
    uses_pseudo_labels,
)
from mmseg_gist.utils import UserError


def row_of(each: Run, path: Path, threshold: float, margin: float) -> Row:
    if path not in each.dev:
        raise UserError(f'{each.file} has no stage {to_name(path)}')
    asked = path
    while each.dev[path] is None:  # the guard stopped it, or it failed
        path = path[:-1]
    stages = [path[:depth] for depth in range(len(path) + 1)]
    dev = {len(stage): each.dev[stage] for stage in stages}
    beyond = swallowed_by_stage(each.record, asked)
    warned, falls = warned_at(beyond, threshold), falls_at(dev, margin)
    known = warned is not None and falls is not None
    test = each.record[path]['test']
    return {
        'run': f'{each.setting}, seed {each.seed}',
        'path': to_name(asked),
        'swallowed [%]': max(beyond.values(), default=None),
        'warned': '-' if warned is None else f'stage {warned}',
        'falls': '-' if falls is None else f'stage {falls}',
        'ahead': f'{falls - warned:+d}' if known else '-',
        'dev mIoU: stage 0': dev[0],
        'best': max(dev.values()),
        'last': dev[len(path)],
        'test mIoU: last': test['mIoU'] if test else None,
    }


def longest(each: Run) -> list[Path]:
    """Finished stages without a finished child, that pseudo-labels led to."""
    ends = leaves(path for path, score in each.dev.items() if score is not None)
    return [path for path in ends if any(map(uses_pseudo_labels, path))]


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__, policies=False)
    parser.add_argument(
        '--paths', nargs='+', help='names of last stages (default: all that end)'
    )
    parser.add_argument('--threshold', type=float, default=BloatGuard().threshold)
    parser.add_argument('--margin', type=float, default=1, help='points, default: 1')
    args = parser.parse_args(argv)
    rows = [
        row_of(each, path, args.threshold, args.margin)
        for each in find_runs(args.records)
        for path in (map(from_name, args.paths) if args.paths else longest(each))
    ]
    if not rows:
        raise UserError('no path of these runs trained on pseudo-labels')
    publish(rows, args.out)


if __name__ == '__main__':
    run(main)
