"""What ClassMix, CutMix and S4GAN cost over plain supervised training.

The CamVid configs (EfficientNet-Lite0, crops of 193 x 193, 8 labeled images a batch)
train for a few iterations on embedded shapes of more than CamVid's height, each in a
process of its own with one thread, one after the other in several rounds::

    python benchmarks/semi_supervised.py --out FILE.json

The semi-supervised ones have 8 unlabeled images more in a batch, so there are
two supervised trainings to compare with: ``supervised`` of 8 images and
``supervised_16`` of 16, all labeled. For each side the file has, as medians
over the rounds,

======================== ==================================================
labeled_per_batch        labeled images in a batch
images_per_batch         these and the unlabeled ones
iterations_per_second    loading included
memory_mib               what training adds at most to the memory of a
                         process that has imported everything; on a GPU, the
                         most that PyTorch has allocated there
process_mib              the largest resident memory of the process in all
time_over_supervised     seconds of an iteration over those of ``supervised``
memory_over_supervised   ``memory_mib``, likewise
time_over_supervised_16  over those of ``supervised_16``
memory_over_supervised_16
======================== ==================================================

and ``rounds``, what was measured in each.
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from common import (
    ROOT,
    TimerHook,
    in_turns,
    make_shapes,
    ratios,
    rounds_parser,
    timed,
    use_shapes,
    use_workers,
    write_json,
)
from mmengine.config import Config

from mmseg_gist.self_training.memory import peak_memory, reset_peak_memory
from mmseg_gist.self_training.own_runner import own_runner

SUPERVISED = 'supervised/deeplabv3plus_camvid_1-16.py'
# by name: config, labeled and unlabeled images in a batch
SIDES = dict(
    supervised=(SUPERVISED, 8, 0),
    supervised_16=(SUPERVISED, 16, 0),
    classmix=('classmix/deeplabv3plus_camvid_1-16_classmix.py', 8, 8),
    cutmix=('cutmix/deeplabv3plus_camvid_1-16_cutmix.py', 8, 8),
    s4gan=('s4gan/deeplabv3plus_camvid_1-16_s4gan.py', 8, 8),
)


def side_config(side: str, data: Path, iters: int, num_workers: int) -> Config:
    """The config of a side, on shapes, without validation and checkpoints."""
    config, labeled, _ = SIDES[side]
    cfg = Config.fromfile(ROOT / 'configs' / config)
    use_shapes(cfg, data)
    use_workers(cfg, num_workers)
    for key in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            cfg.pop(f'{key}_{part}')
    cfg.train_dataloader.batch_size = labeled
    cfg.train_cfg.max_iters = iters
    cfg.default_hooks.checkpoint = None
    timed(cfg)
    return cfg


def measure(side: str, data: Path, iters: int, num_workers: int) -> dict[str, float]:
    """Trains. To be called once in a process, of which peaks are counted.

    Returns:
        dict: ``seconds`` of the median iteration, ``memory_mib`` and
        ``process_mib``.
    """
    torch.set_num_threads(1)
    cfg = side_config(side, data, iters, num_workers)
    reset_peak_memory()
    before = peak_memory()
    with TemporaryDirectory() as cfg.work_dir, own_runner(cfg) as runner:
        runner.train()
    peak = peak_memory()
    return dict(
        seconds=TimerHook.iteration(),
        memory_mib=peak.get('gpu', peak['host'] - before['host']),
        process_mib=peak['host'],
    )


def in_own_process(*args) -> dict[str, float]:
    # spawned: a fork would start with what its parent has in memory, and
    # without the parent's GPU
    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
        return pool.submit(measure, *args).result()


def summary(rounds: list[dict[str, dict]]) -> dict[str, dict]:
    """From what was measured in each round to medians for each side."""
    time, memory, process = (
        [{side: found[side][key] for side in SIDES} for found in rounds]
        for key in ('seconds', 'memory_mib', 'process_mib')
    )
    return {
        side: dict(
            labeled_per_batch=labeled,
            images_per_batch=labeled + unlabeled,
            iterations_per_second=1 / median(row[side] for row in time),
            memory_mib=median(row[side] for row in memory),
            process_mib=median(row[side] for row in process),
            **{
                f'{name}_over_{base}': median(ratios(values, side, base))
                for base in ('supervised', 'supervised_16')
                for name, values in (('time', time), ('memory', memory))
            },
        )
        for side, (_, labeled, unlabeled) in SIDES.items()
    }


def table(sides: dict[str, dict]) -> str:
    """A Markdown table of a :func:`summary`."""
    heads = (
        '', 'labeled', 'images', 'iterations/s', 'time', 'time / 16',
        'memory, MiB', 'memory', 'memory / 16',
    )  # fmt: skip
    rows = [heads, ['---'] * len(heads)]
    for side, values in sides.items():
        rows.append(
            (
                side,
                f'{values["labeled_per_batch"]}',
                f'{values["images_per_batch"]}',
                f'{values["iterations_per_second"]:.2f}',
                f'{values["time_over_supervised"]:.2f}',
                f'{values["time_over_supervised_16"]:.2f}',
                f'{values["memory_mib"]:.0f}',
                f'{values["memory_over_supervised"]:.2f}',
                f'{values["memory_over_supervised_16"]:.2f}',
            )
        )
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def main() -> None:
    parser = rounds_parser(__doc__)
    parser.add_argument('--iters', type=int, default=10, help='in each training')
    parser.add_argument(
        '--num-workers',
        type=int,
        default=0,
        help='that load images; as many as a GPU needs, 0 for the training process',
    )
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        data = Path(folder, 'shapes')
        make_shapes(data, '--size', '360', '--dev', '1', '--test', '1')
        arguments = data, args.iters, args.num_workers
        sides = {side: partial(in_own_process, side, *arguments) for side in SIDES}
        rounds = in_turns(args.rounds, sides)
    found = summary(rounds)
    on_gpu = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if on_gpu else 'cpu'
    write_json(args.out, dict(device=device, **found, rounds=rounds))
    print(table(found))


if __name__ == '__main__':
    main()
