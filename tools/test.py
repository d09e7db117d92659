"""Test a model on the config's test set."""

from argparse import Namespace
from pathlib import Path

from mmseg_gist.cli import Config, build_runner, config_parser, load_config, run
from mmseg_gist.datasets.tta import tta_pipeline
from mmseg_gist.utils import UserError


def parse_args() -> Namespace:
    parser = config_parser('Test (and evaluate) a model')
    parser.add_argument('checkpoint', help='the checkpoint file')
    parser.add_argument(
        '--out', help='folder for the predictions, one index PNG an image'
    )
    parser.add_argument(
        '--show', action='store_true', help='show each prediction in a window'
    )
    parser.add_argument(
        '--show-dir',
        help='folder for the painted images (they go to vis_data/vis_image in it)',
    )
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds that --show waits'
    )
    parser.add_argument('--tta', action='store_true', help='test-time augmentation')
    return parser.parse_args()


def use_visualization(cfg: Config, args: Namespace) -> None:
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise UserError(
            f'{cfg.filename}: --show and --show-dir need '
            "default_hooks.visualization=dict(type='SegVisualizationHook')"
        )
    # mmseg 1.2.2 paints every 50th image unless told otherwise
    hook.update(draw=True, interval=1)
    if args.show:
        hook.update(show=True, wait_time=args.wait_time)
    if args.show_dir:
        cfg.visualizer.save_dir = args.show_dir


def use_tta(cfg: Config) -> None:
    """The config's ``tta_model`` and ``tta_pipeline``, where it has them."""
    dataset = cfg.test_dataloader.dataset
    dataset.pipeline = cfg.get('tta_pipeline') or tta_pipeline(dataset.pipeline)
    model = cfg.get('tta_model') or dict(type='LogitsTTAModel')
    cfg.model = dict(model, module=cfg.model)


def write_predictions(cfg: Config, folder: str) -> None:
    evaluators = cfg.test_evaluator
    first = evaluators[0] if isinstance(evaluators, list) else evaluators
    first.update(output_dir=folder, keep_results=True)


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    if cfg.get('test_dataloader') is None:
        raise UserError(
            f'{args.config}: has no test set: add test_dataloader, test_evaluator and '
            f'test_cfg (tools/dataset_converters/folder.py does so with --test)'
        )
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        raise UserError(f'{args.checkpoint}: there is no such checkpoint file')
    cfg.load_from = args.checkpoint
    # A config that goes on with a training would look for its last state.
    cfg.resume = False
    if args.show or args.show_dir:
        use_visualization(cfg, args)
    if args.tta:
        use_tta(cfg)
    if args.out:
        write_predictions(cfg, args.out)
    build_runner(cfg).test()


if __name__ == '__main__':
    run(main)
