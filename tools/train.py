"""Train a segmentor: a plain mmseg config, or one with self-training."""

from argparse import Namespace

from mmseg_gist.cli import (
    Config,
    build_runner,
    config_parser,
    get_device,
    load_config,
    run,
)
from mmseg_gist.missing import check_missing
from mmseg_gist.utils import UserError


def parse_args() -> Namespace:
    parser = config_parser('Train a segmentor')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue the run that the work dir holds',
    )
    parser.add_argument(
        '--amp', action='store_true', help='train in automatic mixed precision'
    )
    return parser.parse_args()


def enable_amp(cfg: Config) -> None:
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise UserError(
            f'{cfg.filename}: --amp replaces an OptimWrapper, but '
            f'optim_wrapper.type is {kind}'
        )
    if get_device() == 'cpu':
        raise UserError('--amp needs a GPU: leave it out')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    cfg.resume = args.resume or cfg.get('resume', False)
    if args.amp:
        enable_amp(cfg)
    check_missing(cfg)
    build_runner(cfg).train()


if __name__ == '__main__':
    run(main)
