"""Charts as SVG for a page, with the page's font and colors.

matplotlib draws; text stays text. Ink becomes ``currentColor`` and the series
``var(--series-<n>)``, so that the page's style sheet has both themes.
"""

import re
from collections.abc import Mapping, Sequence
from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure

from mmseg_gist.analysis.figures import COLORS, LINES, MARKERS
from mmseg_gist.self_training.path import StagePath, to_name

from .tree import path_ends

PAPER = '#fefefe'  # what the page's background color is put for
WIDTH = 4.3  # inches, readable on a phone without zooming


def lines(
    curves: Mapping[str, Mapping[float, float]],
    xlabel: str,
    ylabel: str,
    ticks: Sequence[str] | None = None,
) -> str:
    """Curves that differ in color, marker and line style.

    Args:
        curves: By label, from x to y.
        xlabel: With the unit.
        ylabel: With the unit.
        ticks: Names of x = 0, 1, ... in place of numbers.
    """
    rows = -(-len(curves) // 3)
    figure, axes = _axes(2.9 + 0.2 * rows)
    handles = []
    for i, points in enumerate(curves.values()):
        handles += axes.plot(
            list(points),
            list(points.values()),
            color=COLORS[i % len(COLORS)],
            marker=MARKERS[i % len(MARKERS)],
            linestyle=LINES[i % len(LINES)],
            markersize=5,
        )
    if ticks:
        slanted = dict(rotation=45, ha='right') if len(''.join(ticks)) > 30 else {}
        axes.set_xticks(range(len(ticks)), ticks, **slanted)
    else:
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.5)
    # the labels are given here: matplotlib passes over its own with a leading _
    legend = dict(ncols=3, frameon=False, fontsize=9)
    figure.legend(handles, list(curves), loc='outside upper left', **legend)
    return to_svg(figure, ylabel)


def pairs(names: Sequence[str], values: Mapping[str, Sequence], xlabel: str) -> str:
    """A row per name, with a point for each of two values and a line between them.

    Args:
        names: Names of the rows, the first at the top.
        values: By label, a number per row, or None.
        xlabel: With the unit.
    """
    figure, axes = _axes(1.1 + 0.24 * len(names))
    for y, row in enumerate(zip(*values.values())):
        if None not in row:
            axes.plot(
                (min(row), max(row)), (y, y), color=COLORS[-1], alpha=0.4, linewidth=1
            )
    for i, (label, row) in enumerate(values.items()):
        known = [(value, y) for y, value in enumerate(row) if value is not None]
        xs, ys = zip(*known) if known else ((), ())
        axes.plot(xs, ys, MARKERS[i], label=label, color=COLORS[i], markersize=6)
    return _rows_to_svg(figure, names, xlabel, legend_columns=2)


def stacks(names: Sequence[str], parts: Mapping[str, Sequence], xlabel: str) -> str:
    """A bar per name, with several parts.

    Args:
        names: Names of the bars, the first at the top.
        parts: By label, a number per bar.
        xlabel: With the unit.
    """
    figure, axes = _axes(1.1 + 0.22 * len(names))
    start = [0.0] * len(names)
    for i, (label, values) in enumerate(parts.items()):
        axes.barh(
            range(len(names)),
            values,
            0.7,
            start,
            label=label,
            color=COLORS[i],
            edgecolor=PAPER,
        )
        start = [before + value for before, value in zip(start, values)]
    return _rows_to_svg(figure, names, xlabel, legend_columns=3)


def _rows_to_svg(
    figure: Figure, names: Sequence[str], xlabel: str, legend_columns: int
) -> str:
    """A chart with a row per name, the first at the top."""
    axes = figure.axes[0]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    axes.grid(alpha=0.5, axis='x')
    legend = dict(ncols=legend_columns, frameon=False, fontsize=9)
    figure.legend(loc='outside upper left', **legend)
    return to_svg(figure, xlabel)


def tree(scores: Mapping[StagePath, float | None], best: StagePath) -> str:
    """The stages from left to right (Fig. 3).

    Args:
        scores: mIoU by path, None where a stage failed.
        best: The stage with a thick frame and a star.
    """
    ends = path_ends(scores)
    heights = {}
    for path in sorted(scores, key=len, reverse=True):
        below = [heights[p] for p in scores if p[:-1] == path and p]
        heights[path] = sum(below) / len(below) if below else ends.index(path)
    mixes = sorted({path[-1] for path in scores if path} - {'L', 'P'})
    kinds = ['L', 'P', *mixes]
    depth = max(map(len, scores))
    figure = Figure(figsize=(0.85 * depth + 1.0, 0.62 * len(ends) + 0.15))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-0.55, depth + 0.55)
    axes.set_ylim(len(ends) - 0.4, -0.6)
    for path, score in scores.items():
        kind = kinds.index(path[-1]) if path else -1
        if path:
            axes.plot(
                (len(path) - 1, len(path)),
                (heights[path[:-1]], heights[path]),
                color=COLORS[kind % len(COLORS)],
                linestyle=LINES[kind % len(LINES)],
                linewidth=1.6,
                zorder=0,
            )
        title = path[-1] if path else 'stage 0'
        value = 'failed' if score is None else f'{score:.2f}'
        axes.text(
            len(path),
            heights[path],
            f'{"★ " if path == best else ""}{title}\n{value}',
            ha='center',
            va='center',
            fontsize=9,
            weight='bold' if path == best else 'normal',
            bbox=dict(
                boxstyle='round,pad=0.3',
                facecolor=PAPER,
                edgecolor=COLORS[kind % len(COLORS)],
                linewidth=3 if path == best else 1.2,
                linestyle=':' if score is None else '-',
            ),
        )
    return to_svg(figure, f'Tree of stages, chosen: {to_name(best)}', scale=False)


def to_svg(figure: Figure, label: str, scale: bool = True) -> str:
    """Only the ``<svg>`` element, with nothing that collides with another one's.

    Args:
        figure: A figure in the colors of :data:`COLORS`.
        label: A description for people who cannot see the chart.
        scale: Whether the chart shrinks with the page.
    """
    text = StringIO()
    nothing = dict.fromkeys(('Date', 'Creator', 'Format', 'Type'))
    with rc_context({'svg.fonttype': 'none', 'svg.hashsalt': label}):
        figure.savefig(text, format='svg', transparent=True, metadata=nothing)
    svg = text.getvalue()
    svg = svg[svg.index('<svg') :]
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    # points are CSS's, 4/3 of a pixel
    size = f'width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}"'
    kind = 'scaled' if scale else 'fixed'
    start = f'<svg role="img" aria-label="{label}" class="{kind}" {size} '
    svg = re.sub(r'<svg .*?(?=viewBox)', start, svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'<style.*?</style>', '', svg, flags=re.DOTALL)
    svg = re.sub(r'font-family: [^;\"]*(; )?|font: (?=\d)', '', svg)
    used = set(re.findall(r'#([\w.-]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else '', svg)
    svg = svg.replace('xlink:href', 'href')
    colors = {PAPER: 'var(--paper)', '#b0b0b0': 'var(--grid)'}
    colors |= {color: f'var(--series-{i})' for i, color in enumerate(COLORS)}
    colors['#000000'] = 'currentColor'
    for color, name in colors.items():
        svg = svg.replace(color.lower(), name)
    return svg


def _axes(height: float):
    figure = Figure(figsize=(WIDTH, height), layout='constrained')
    axes = figure.subplots()
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    return figure, axes
