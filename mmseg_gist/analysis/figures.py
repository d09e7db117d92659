"""Draws figures without a display."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from mmseg_gist.utils import atomic_path

from .spread import Spread

# Okabe and Ito's colors, told apart by color-blind people too; markers and
# line styles change as well, for more curves than colors and for gray paper.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000')
MARKERS = 'osD^vPX*'
LINES = ('-', '--', '-.', ':')


def save_curves(
    curves: Mapping[str, Mapping[float, Spread]],
    xlabel: str,
    ylabel: str,
    file: str,
    ticks: Sequence[str] | None = None,
) -> None:
    """A PNG with one curve per label and bars of one standard deviation.

    Args:
        curves: By label, from x to the value at x.
        xlabel: Text with the unit.
        ylabel: Text with the unit.
        file: Where to write it.
        ticks: Names of x = 0, 1, ... instead of numbers.
    """
    figure = Figure(figsize=(7, 4.2), layout='constrained')
    axes = figure.subplots()
    xs = sorted({x for points in curves.values() for x in points})
    gap = min((b - a for a, b in zip(xs, xs[1:])), default=1)
    handles = []
    for i, points in enumerate(curves.values()):
        # side by side, else bars hide each other
        shift = 0.04 * gap * (i - (len(curves) - 1) / 2)
        bars = axes.errorbar(
            [x + shift for x in points],
            [point.mean for point in points.values()],
            [point.std or 0 for point in points.values()],
            color=COLORS[i % len(COLORS)],
            marker=MARKERS[i % len(MARKERS)],
            linestyle=LINES[i // len(COLORS) % len(LINES)],
            markersize=4,
            capsize=2,
            elinewidth=0.8,
        )
        handles.append(bars)
    if ticks:
        axes.set_xticks(range(len(ticks)), ticks)
    else:
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.3)
    # the labels are given here: matplotlib passes over its own with a leading _
    figure.legend(handles, list(curves), loc='outside right upper', frameon=False)
    save(figure, file)


def save(figure: Figure, file: str) -> None:
    """Writes a figure as PNG, atomically and without a date in it."""
    with atomic_path(Path(file)) as temporary:
        figure.savefig(temporary, dpi=150, metadata=dict(Software=None))
