from matplotlib.figure import Figure
from PIL import Image

import mmseg_gist  # noqa: F401
from mmseg_gist.analysis import figures
from mmseg_gist.analysis.spread import Spread

CURVES = {
    'GIST': {0: Spread(33.0, None, 1), 1: Spread(34.5, 0.25, 3)},
    'RIST': {0: Spread(33.0, None, 1), 2: Spread(36.0, 0.5, 3)},
}


def drawn(monkeypatch, **kwargs):
    """The axes of a figure instead of its file."""
    kept = []
    monkeypatch.setattr(figures, 'save', lambda figure, file: kept.append(figure))
    figures.save_curves(CURVES, 'stage', 'test mIoU [%]', 'unused.png', **kwargs)
    (figure,) = kept
    assert isinstance(figure, Figure)
    return figure


def test_a_curve_has_its_points_bars_and_name(monkeypatch):
    figure = drawn(monkeypatch)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('stage', 'test mIoU [%]')
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ['GIST', 'RIST']
    first, second = axes.containers
    assert list(first.lines[0].get_ydata()) == [33.0, 34.5]
    assert list(second.lines[0].get_ydata()) == [33.0, 36.0]
    (bars,) = second.lines[2]
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [
        [33.0, 33.0],
        [35.5, 36.5],
    ]


def test_a_name_may_begin_with_an_underscore(monkeypatch):
    monkeypatch.setitem(CURVES, '_background_', {0: Spread(1.0, None, 1)})
    (legend,) = drawn(monkeypatch).legends
    assert [text.get_text() for text in legend.get_texts()] == list(CURVES)


def test_curves_stand_side_by_side_at_their_stage(monkeypatch):
    first, second = drawn(monkeypatch).axes[0].containers
    for ours, theirs, stages in zip(
        first.lines[0].get_xdata(), second.lines[0].get_xdata(), ((0, 0), (1, 2))
    ):
        assert ours < stages[0] and stages[1] < theirs
        assert max(stages[0] - ours, theirs - stages[1]) < 0.1


def test_ticks_may_be_names(monkeypatch):
    (axes,) = drawn(monkeypatch, ticks=['human', '0', '1']).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ['human', '0', '1']


def test_the_same_figure_is_the_same_file(tmp_path):
    files = [tmp_path / 'a.png', tmp_path / 'b.png']
    for file in files:
        figures.save_curves(CURVES, 'stage', 'test mIoU [%]', str(file))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b'matplotlib' not in files[0].read_bytes()
    with Image.open(files[0]) as image:
        assert image.width > image.height > 400
