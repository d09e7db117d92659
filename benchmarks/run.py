"""What self-training costs over plain mmseg training, as ratios.

Each ratio is the median over rounds in which its two sides run one after the
other in this process, on the embedded shapes with EfficientNet-Lite0::

    python benchmarks/run.py --out FILE.json

===================== =====================================================
l_over_plain          iteration of an L stage without consistency loss over
                      one of mmengine's ``IterBasedTrainLoop``
p_over_l              iteration of a P stage over one of an L stage
consistency_over_none iteration with consistency loss over one without
teacher_share         share of the teacher's forward in the former
label_rate_over_test_loop
                      images labelled a second over images tested a second
                      by mmseg's own test loop with ``IoUMetric``
two_workers_over_serial
                      two paths of RIST on two Ray workers over the same one
                      after the other, one thread a stage
stage_startup         seconds of a stage beside its iterations, labelling and
                      evaluation
stage_startup_share   that, as a share of a stage of 3,000 iterations
growth                stages trained and images labelled, as counted in the
                      record and as the algorithm needs, and seconds
===================== =====================================================
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_gist.self_training.config import (
    labeler_config,
    pseudo_label_dir,
    stage_config,
)
from mmseg_gist.self_training.labeler import label_for
from mmseg_gist.self_training.own_runner import own_runner
from mmseg_gist.self_training.registry import POLICIES
from mmseg_gist.self_training.stage import run_stage
from mmseg_gist.utils import atomic_path

ROOT = Path(__file__).resolve().parents[1]
WARM_UP = 3  # iterations that are not counted


@HOOKS.register_module()
class TimerHook(Hook):
    """Keeps when each iteration began, and how long the teacher took in all."""

    priority = 'VERY_HIGH'
    began: list[float] = []
    teacher = 0.0

    def before_train(self, runner) -> None:
        TimerHook.began, TimerHook.teacher = [], 0.0
        if teacher := getattr(runner.model, 'teacher', None):
            started = []
            teacher.register_forward_pre_hook(lambda *_: started.append(now()))
            teacher.register_forward_hook(lambda *_: self.add(now() - started.pop()))

    def add(self, seconds: float) -> None:
        TimerHook.teacher += seconds

    def before_train_iter(self, *args, **kwargs) -> None:
        TimerHook.began.append(now())


def now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def iteration_time(cfg: Config) -> float:
    """Seconds of the median iteration of a training."""
    shutil.rmtree(cfg.work_dir, ignore_errors=True)
    cfg = deepcopy(cfg)
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='TimerHook')]
    with own_runner(cfg) as runner:
        runner.train()
    return median(b - a for a, b in pairwise(TimerHook.began[WARM_UP:]))


def median_ratios(rounds: int, sides: dict) -> dict[str, float]:
    """Medians over rounds, each of which measures every side once.

    Args:
        rounds: How often.
        sides: Functions without arguments by name.

    Returns:
        From ``'a/b'`` to the median of a / b within a round, for all pairs.
    """
    found = [{name: side() for name, side in sides.items()} for _ in range(rounds)]
    return {
        f'{a}/{b}': median(values[a] / values[b] for values in found)
        for a in sides
        for b in sides
    }


def without_consistency(cfg: Config) -> Config:
    cfg = deepcopy(cfg)
    cfg.train_cfg.consistency = None
    return cfg


def plain_config(cfg: Config) -> Config:
    """The supervised training that an L stage is, with mmengine's own loop."""
    plain = stage_config(without_consistency(cfg), ('L',))
    plain.train_dataloader = dict(cfg.train_dataloader, persistent_workers=False)
    plain.train_cfg = dict(
        type='IterBasedTrainLoop',
        max_iters=cfg.train_cfg.stage_iters,
        val_interval=10**6,
    )
    plain.work_dir += '_plain'
    for key in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        plain.pop(key)
    return plain


def iterations(cfg: Config, rounds: int) -> dict[str, float]:
    label_for(cfg, ('P',))
    bare = without_consistency(cfg)
    shares = []

    def with_consistency() -> float:
        seconds = iteration_time(stage_config(cfg, ('L',)))
        total = TimerHook.began[-1] - TimerHook.began[0]
        shares.append(TimerHook.teacher / total)
        return seconds

    ratios = median_ratios(
        rounds,
        dict(
            plain=lambda: iteration_time(plain_config(cfg)),
            l=lambda: iteration_time(stage_config(bare, ('L',))),
            p=lambda: iteration_time(stage_config(bare, ('P',))),
            consistency=with_consistency,
        ),
    )
    return dict(
        l_over_plain=ratios['l/plain'],
        p_over_l=ratios['p/l'],
        consistency_over_none=ratios['consistency/l'],
        teacher_share=median(shares),
    )


def labelling(cfg: Config, rounds: int) -> dict[str, float]:
    """The test images, by the labeler and by mmseg's test loop."""
    cfg = deepcopy(cfg)
    cfg.unlabeled_dataloader.dataset.ann_file = cfg.test_dataloader.dataset.ann_file
    labeler = labeler_config(cfg, ('P',), None)
    tester = deepcopy(labeler)
    tester.test_dataloader = dict(cfg.test_dataloader, persistent_workers=False)
    tester.test_evaluator = cfg.test_evaluator
    tester.work_dir += '_tested'

    def seconds(config: Config) -> float:
        with own_runner(config) as runner:
            runner.load_or_resume()
            start = now()
            runner.test()
            return now() - start

    ratios = median_ratios(
        rounds, dict(label=lambda: seconds(labeler), test=lambda: seconds(tester))
    )
    shutil.rmtree(pseudo_label_dir(cfg, ()))
    return dict(label_rate_over_test_loop=ratios['test/label'])


def run_loop(cfg: Config, name: str, policy: dict, **settings) -> tuple[float, list]:
    """Seconds of a self-training from the given stage 0, and its record's rows."""
    cfg = deepcopy(cfg)
    cfg.work_dir = str(Path(cfg.work_dir).with_name(name))
    shutil.rmtree(cfg.work_dir, ignore_errors=True)
    cfg.load_from = cfg.stage_0
    cfg.train_cfg.policy = policy
    cfg.train_cfg.update(settings)
    cfg.experiment_name = name
    with own_runner(cfg) as runner:
        loop = runner.build_train_loop(runner.cfg.train_cfg)
        start = time.perf_counter()
        loop.run()
        seconds = time.perf_counter() - start
    return seconds, json.loads(Path(cfg.work_dir, 'record.json').read_text())['stages']


def workers(cfg: Config, rounds: int) -> dict[str, float]:
    policy = dict(type='RIST', num_stages=3, num_paths=2)
    ray = dict(type='RayExecutor', num_gpus_per_stage=0)
    ratios = median_ratios(
        rounds,
        dict(
            ray=lambda: run_loop(cfg, 'ray', policy, executor=ray)[0],
            serial=lambda: run_loop(cfg, 'serial', policy)[0],
        ),
    )
    return dict(two_workers_over_serial=ratios['ray/serial'])


def startup(cfg: Config, rounds: int) -> dict[str, float]:
    found = []
    for _ in range(rounds):
        shutil.rmtree(Path(cfg.work_dir, 'stages/L'), ignore_errors=True)
        timed = deepcopy(cfg)
        timed.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='TimerHook')]
        start = time.perf_counter()
        row = run_stage(timed, ('L',))
        seconds = time.perf_counter() - start - row['seconds']['evaluation']
        iteration = median(b - a for a, b in pairwise(TimerHook.began[WARM_UP:]))
        beside = seconds - iteration * row['iters']
        found.append((beside, beside / (beside + 3000 * iteration)))
    return dict(
        stage_startup=median(seconds for seconds, _ in found),
        stage_startup_share=median(share for _, share in found),
    )


def growth(cfg: Config) -> list[dict]:
    """Each row: what was asked for, counts as needed and as recorded, seconds."""
    cfg = deepcopy(cfg)
    cfg.train_cfg.stage_iters = 2
    drawn = 2 * cfg.unlabeled_dataloader.batch_size
    asked = [
        *(('FixedPath', dict(path='P' * n), n, n) for n in (1, 2, 4)),
        # a stage of GIST trains two children of each kept stage, one of them on P
        *(
            ('GIST', dict(num_stages=3, beam_size=g), 2 * sum(kept), sum(kept))
            for g, kept in ((1, (1, 1, 1)), (2, (1, 2, 2)), (3, (1, 2, 3)))
        ),
        *(
            ('RIST', dict(num_stages=3, num_paths=n, probability=0.5), None, None)
            for n in (1, 2, 4)
        ),
    ]
    rows = []
    for kind, settings, stages, labelled in asked:
        policy = dict(type=kind, **settings)
        seconds, record = run_loop(cfg, 'growth', policy)
        if stages is None:  # the prefixes of its paths, each once
            paths = POLICIES.build(dict(policy)).paths
            prefixes = {path[:n] for path in paths for n in range(1, len(path) + 1)}
            stages = len(prefixes)
            labelled = sum(path[-1] == 'P' for path in prefixes)
        images = [row.get('pseudo_labels', {}).get('drawn', 0) for row in record]
        rows.append(
            dict(
                policy=policy,
                stages_needed=stages,
                stages=len(record) - 1,
                labelled_needed=labelled * drawn,
                labelled=sum(images),
                seconds=seconds,
            )
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', required=True, type=Path, help='JSON file to write')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--iters', type=int, default=20, help='of a stage')
    args = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        data = Path(folder, 'shapes')
        tool = ROOT / 'tools/dataset_converters/shapes.py'
        subprocess.run([sys.executable, tool, data], check=True, cwd=ROOT)
        cfg = Config.fromfile(ROOT / 'configs/gist/deeplabv2_shapes_rist.py')
        for key in ('train', 'unlabeled', 'val', 'test'):
            loader = cfg[f'{key}_dataloader']
            loader.dataset.data_root = str(data)
            loader.num_workers = 0  # what is compared runs in this process
            loader.persistent_workers = False
        cfg.work_dir = f'{folder}/run'
        cfg.randomness = dict(seed=0)
        cfg.train_cfg.initial_iters = cfg.train_cfg.stage_iters = args.iters
        cfg.train_cfg.policy = dict(type='FixedPath', path='0')
        with own_runner(cfg) as runner:
            runner.train()
            cfg.metainfo = runner.train_loop.cfg.metainfo
        cfg.stage_0 = f'{cfg.work_dir}/stages/0/checkpoint.pth'

        results = dict(iterations(cfg, args.rounds))
        results |= labelling(cfg, args.rounds)
        results |= startup(cfg, args.rounds)
        results |= workers(cfg, args.rounds)
        results['growth'] = growth(cfg)
    with atomic_path(args.out) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + '\n')
    for name, value in results.items():
        if name != 'growth':
            print(f'{name:26} {value:.3f}')
    for row in results['growth']:
        print(row)


if __name__ == '__main__':
    main()
