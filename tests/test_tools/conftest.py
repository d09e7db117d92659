import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(capsys):
    """Call a command as from the shell; the rows it prints, tables in a row."""

    def call(name: str, *args) -> list[list[str]]:
        main = runpy.run_path(str(ROOT / f'tools/analysis/{name}.py'))['main']
        main([str(arg) for arg in args])
        lines = capsys.readouterr().out.splitlines()
        rows = [line.strip('|').split('|') for line in lines if line.startswith('|')]
        rows = [[cell.strip() for cell in row] for row in rows]
        return [row for row in rows if not set(row[0]) <= set('-:')]

    return call
