"""Shares of the classes in the pseudo-labels by stage (Fig. 2).

Percent of the pixels of the same images, from label_shares.json, which
label_shares.py writes beside the record. A column is named by the stage whose
model made the labels; "human" are the human labels of the labeled set. The
figure has the classes that change most.
"""

from mmseg_gist.analysis.figures import save_curves
from mmseg_gist.analysis.label_shares import counted_shares, largest_changes
from mmseg_gist.analysis.runs import Run, find_runs, records_parser
from mmseg_gist.analysis.spread import spread_of
from mmseg_gist.analysis.tables import publish
from mmseg_gist.cli import run
from mmseg_gist.self_training.path import StagePath, from_name, to_name


def columns_of(each: Run, path: StagePath) -> tuple[list[str], dict[str, list[float]]]:
    """The classes, and their shares in human labels, then stage by stage."""
    classes, human, models = counted_shares(each.record, path)
    stages = {to_name(stage): models[stage] for stage in models}
    return classes, dict(human=human) | stages


def main(argv: list[str] | None = None) -> None:
    parser = records_parser(__doc__, policies=False)
    parser.add_argument('--path', required=True, help='of the last stage, such as PPPP')
    parser.add_argument('--show', type=int, default=6, help='classes in the figure')
    args = parser.parse_args(argv)
    path = from_name(args.path)
    read = [columns_of(each, path) for each in find_runs(args.records)]
    classes, first = read[0]
    means = {
        column: [spread_of(values) for values in zip(*(c[column] for _, c in read))]
        for column in first
    }
    rows = [
        {'class': name, **{column: means[column][i] for column in means}}
        for i, name in enumerate(classes)
    ]
    publish(rows, args.out)
    if args.out:
        stages = [[s.mean for s in means[column]] for column in list(means)[1:]]
        curves = {
            classes[i]: {x: values[i] for x, values in enumerate(means.values())}
            for i in largest_changes(stages, args.show)
        }
        depths = [len(from_name(name)) for name in list(means)[1:]]
        ticks = ['human', *map(str, depths)]
        xlabel = 'stage whose model made the labels'
        save_curves(curves, xlabel, 'pixels [%]', f'{args.out}.png', ticks)


if __name__ == '__main__':
    run(main)
