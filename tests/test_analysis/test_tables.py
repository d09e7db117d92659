import mmseg_gist  # noqa: F401
from mmseg_gist.analysis.spread import Spread
from mmseg_gist.analysis.tables import csv_text, markdown, publish

ROWS = [
    dict(policy='GIST', n=1234, dev=40.125, test=Spread(35.0, 1.25, 3), gain=None),
    dict(policy='labels, only', n=9, dev=None, test=Spread(30.5, None, 1), gain=1.0),
]
MARKDOWN = """\
| policy | n | dev | test | gain |
| --- | ---: | ---: | ---: | ---: |
| GIST | 1,234 | 40.12 | 35.00 ± 1.25 |  |
| labels, only | 9 |  | 30.50 | 1.00 |"""
CSV = """\
policy,n,dev,test,test std,test n,gain
GIST,1234,40.125,35.0,1.25,3,
"labels, only",9,,30.5,,1,1.0
"""


def test_markdown():
    assert markdown(ROWS) == MARKDOWN


def test_csv():
    assert csv_text(ROWS) == CSV


def test_a_table_is_printed_and_written(tmp_path, capsys):
    publish(ROWS, str(tmp_path / 'new/table.v1'))
    assert capsys.readouterr().out == MARKDOWN + '\n'
    assert (tmp_path / 'new/table.v1.md').read_text() == MARKDOWN + '\n'
    assert (tmp_path / 'new/table.v1.csv').read_text() == CSV


def test_a_table_is_only_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish(ROWS, None)
    assert capsys.readouterr().out == MARKDOWN + '\n'
    assert not list(tmp_path.iterdir())
