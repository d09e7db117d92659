"""Write a run's report, one HTML file that opens without network or server.

A training writes it into its work dir after each stage. This command writes it
again, to another place, or for a run that has none.
"""

from argparse import ArgumentParser

from mmengine.registry import init_default_scope

from mmseg_gist.analysis.report import write_report
from mmseg_gist.analysis.runs import config_of, find_run
from mmseg_gist.cli import DictAction, run
from mmseg_gist.utils import UserError


def main(argv: list[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='of one run')
    parser.add_argument(
        '--out', metavar='FILE', help='default: report.html in the work dir'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='settings that replace those of the run, such as where the data are now',
    )
    args = parser.parse_args(argv)
    each = find_run(args.work_dir)
    if not each.record.stages:
        raise UserError(f'{each.file} has no stage yet; come back after stage 0')
    cfg = config_of(each)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope('mmseg')
    print(write_report(cfg, args.out))


if __name__ == '__main__':
    run(main)
