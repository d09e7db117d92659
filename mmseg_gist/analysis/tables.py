"""Tables as Markdown for people and as CSV for programs."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from mmseg_gist.utils import atomic_path

from .spread import Spread

Row = dict[str, object]  # from the column's name to a value, alike in all rows


def markdown(rows: Sequence[Row]) -> str:
    """A Markdown table: floats and :class:`Spread` to two decimals, None is empty."""
    lines = [[*rows[0]], *([cell(value) for value in row.values()] for row in rows)]
    numbers = [not isinstance(value, str) for value in rows[0].values()]
    rule = ['---:' if number else '---' for number in numbers]
    lines.insert(1, rule)
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def csv_text(rows: Sequence[Row]) -> str:
    """The same with all decimals; a Spread becomes three columns."""
    text = StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in _flat(row)))
    writer = csv.DictWriter(text, columns, lineterminator='\n')
    writer.writeheader()
    writer.writerows(map(_flat, rows))
    return text.getvalue()


def publish(rows: Sequence[Row], out: str | None) -> None:
    """Prints a table and writes it to ``out``.md and ``out``.csv if given."""
    table = markdown(rows)
    print(table)
    if out:
        for kind, text in (('md', table + '\n'), ('csv', csv_text(rows))):
            with atomic_path(Path(f'{out}.{kind}')) as temporary:
                temporary.write_text(text)


def cell(value, none: str = '') -> str:
    """A value of a table for people, ``none`` where there is none."""
    if value is None:
        return none
    if isinstance(value, int):
        return f'{value:,}'
    return f'{value:.2f}' if isinstance(value, float) else str(value)


def _flat(row: Row) -> Row:
    flat = {}
    for key, value in row.items():
        if isinstance(value, Spread):
            flat |= {key: value.mean, f'{key} std': value.std, f'{key} n': value.count}
        else:
            flat[key] = value
    return flat
