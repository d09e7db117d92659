"""Test a model on the config's test set."""

from argparse import Namespace
from pathlib import Path

from mmseg_gist.cli import Config, build_runner, config_parser, load_config, run
from mmseg_gist.datasets.labels import inner_datasets, step_name
from mmseg_gist.datasets.output_check import check_output_folder
from mmseg_gist.datasets.tta import tta_pipeline
from mmseg_gist.utils import UserError


def parse_args() -> Namespace:
    parser = config_parser('Test (and evaluate) a model')
    parser.add_argument('checkpoint', help='the checkpoint file')
    parser.add_argument(
        '--out', help='folder for the predictions, one index PNG per image'
    )
    parser.add_argument(
        '--show', action='store_true', help='show each prediction in a window'
    )
    parser.add_argument('--show-dir', help='folder for the painted images')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds that --show waits'
    )
    parser.add_argument('--tta', action='store_true', help='test-time augmentation')
    return parser.parse_args()


def show(cfg: Config, wait_time: float) -> None:
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise UserError(
            f'{cfg.filename}: --show needs '
            "default_hooks.visualization=dict(type='SegVisualizationHook')"
        )
    # by default, mmseg 1.2.2 paints every 50th image
    hook.update(draw=True, interval=1, show=True, wait_time=wait_time)


def use_tta(cfg: Config) -> None:
    """The config's ``tta_model`` and ``tta_pipeline``, where it has them."""
    for dataset in inner_datasets(cfg.test_dataloader.dataset):
        dataset.pipeline = cfg.get('tta_pipeline') or tta_pipeline(dataset.pipeline)
    model = cfg.get('tta_model') or dict(type='LogitsTTAModel')
    if step_name(model) == 'SegTTAModel':  # wrong where a head has one channel
        model = dict(model, type='LogitsTTAModel')
    cfg.model = dict(model, module=cfg.model)


def write_predictions(cfg: Config, out: str | None, show_dir: str | None) -> None:
    for option, folder in (('--out', out), ('--show-dir', show_dir)):
        if folder:
            check_output_folder(cfg, folder, option)
    if out and show_dir and Path(out).resolve() == Path(show_dir).resolve():
        raise UserError(
            f'--out and --show-dir are both {out}: choose two folders, since the '
            'files have the same names'
        )
    cfg.setdefault('visualizer', dict(type='SegLocalVisualizer', vis_backends=None))
    hook = dict(type='PredictionHook', out=out, show_dir=show_dir)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or ()), hook]


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    if cfg.get('test_dataloader') is None:
        raise UserError(
            f'{args.config}: has no test set: add test_dataloader, test_evaluator and '
            'test_cfg (tools/dataset_converters/folder.py does so with --test)'
        )
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        raise UserError(f'{args.checkpoint}: no such checkpoint file: correct the path')
    cfg.load_from = args.checkpoint
    # A config that resumes a training would look for its last state.
    cfg.resume = False
    if args.show:
        show(cfg, args.wait_time)
    if args.tta:
        use_tta(cfg)
    if args.out or args.show_dir:
        write_predictions(cfg, args.out, args.show_dir)
    build_runner(cfg).test()


if __name__ == '__main__':
    run(main)
