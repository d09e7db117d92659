"""Check all data sets of a config and count the pixels of their classes."""

import argparse

from prettytable import PrettyTable

from mmseg_gist.cli import DictAction, read_config, run
from mmseg_gist.datasets.data_check import check_datasets


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that override the config, key=value',
    )
    return parser.parse_args(argv)


def table(report: dict) -> str:
    """The report of :func:`check_datasets` as text, a column for each set."""
    sets = report['sets']
    text = PrettyTable(['', *sets], align='r')
    text.align[''] = 'l'
    text.add_row(['images', *(f'{each["images"]:,}' for each in sets.values())])
    rows = [*enumerate(report['classes']), ('ignored', 'ignored')]
    for index, name in rows:
        row = [name]
        for each in sets.values():
            if each['pixels'] is None:
                row.append('')
                continue
            total = each['pixels'].sum() + each['ignored']
            count = each['ignored'] if index == 'ignored' else each['pixels'][index]
            row.append(f'{count:,} ({count / total:.2%})')
        text.add_row(row)
    return text.get_string()


def main(argv=None):
    args = parse_args(argv)
    report = check_datasets(read_config(args.config, args.cfg_options))
    print(table(report))
    for line in report['notes']:
        print(line)
    print('All images and labels can be read, and no two sets share an image.')


if __name__ == '__main__':
    run(main)
