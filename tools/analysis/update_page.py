"""Rerun the commands of a page and put their output into its blocks.

A block is everything between a line <!-- python tools/analysis/NAME.py ... -->
and the next line <!-- end -->. Commands run in the project's folder. With
--check nothing is written (--out is left out), and the first block that differs
from what its command prints ends it with one line and status 1.
"""

import re
import runpy
import shlex
from argparse import ArgumentParser
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path

from mmseg_gist.cli import run
from mmseg_gist.utils import UserError, atomic_path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r'^<!-- (python .*?) -->\n(.*?)^<!-- (.*?) -->$', re.M | re.S)


def printed(command: str, check: bool) -> str:
    """What a command prints.

    Raises:
        UserError: It is none of ``tools/analysis``, or it has an error.
    """
    _, script, *args = shlex.split(command)
    if not re.fullmatch(r'tools/analysis/\w+\.py', script):
        raise UserError(f'`{command}` is not a command of tools/analysis')
    if check and '--out' in args:
        at = args.index('--out')
        del args[at : at + 2]
    output = StringIO()
    try:
        with chdir(ROOT), redirect_stdout(output):
            runpy.run_path(script)['main'](args)
    except UserError as error:
        raise UserError(f'`{command}`: {error}') from error
    return output.getvalue().strip()


def updated(page: str, check: bool = False) -> str:
    """The page's text with all blocks renewed.

    Raises:
        UserError: With ``check``, a block differs; else see :func:`printed`.
    """

    def renew(block: re.Match) -> str:
        command, _, end = block.groups()
        if end != 'end':
            raise UserError(f'the block of `{command}` lacks its <!-- end -->')
        text = f'<!-- {command} -->\n\n{printed(command, check)}\n\n<!-- end -->'
        if check and text != block.group():
            raise UserError(f'the block of `{command}` differs from what it prints')
        return text

    if '<!-- python' in (rest := BLOCK.sub('', page)):
        command = rest[rest.index('<!-- python') :].splitlines()[0]
        raise UserError(f'the block of {command} lacks its <!-- end -->')
    return BLOCK.sub(renew, page)


def main(argv: list[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('page', type=Path, help='a Markdown file')
    parser.add_argument('--check', action='store_true')
    args = parser.parse_args(argv)
    try:
        text = updated(args.page.read_text(), args.check)
    except UserError as error:
        hint = f'; run tools/analysis/update_page.py {args.page}' if args.check else ''
        raise UserError(f'{args.page}: {error}{hint}') from error
    if not args.check:
        with atomic_path(args.page) as temporary:
            temporary.write_text(text)


if __name__ == '__main__':
    run(main)
