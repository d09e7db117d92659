"""What self-training costs over plain mmseg training, as ratios.

On the embedded shapes at 65 x 65 with EfficientNet-Lite0 and the paper's recipe, with
one thread, in batches of 8 that the process loads itself::

    python benchmarks/run.py --out FILE.json

In comparisons of trainings, and of labeling and testing, each side has its own process.
The sides take turns of one iteration, or ten images, in an order drawn anew each time;
the ratio is the median over turns. The other figures are medians over rounds.

========================= =================================================
l_over_plain              iteration of an L stage without consistency loss
                          over one of mmengine's ``IterBasedTrainLoop``
p_over_l                  iteration of a P stage over one of an L stage
consistency_over_none     iteration with consistency loss over one without
teacher_share             share of the teacher's forward in the former
depthwise_over_pytorch    plain iteration with the gradients of
                          :class:`DepthwiseConv2d` over one with PyTorch's own
label_rate_over_test_loop images of 225 x 225 labeled a second over those tested
                          a second by mmseg's own loop with ``IoUMetric``
label_rate_small          the same with the data set's own 65 x 65, of which a model
                          predicts as fast as files are written
two_workers_over_serial   seconds of RIST's two paths, which share no stage, on
                          two Ray workers over the same one after the other
                          in this process, one thread a stage, stage 0 apart;
                          with the start of a process for each of Ray's stages,
                          which takes a larger part of these short ones than
                          of stages of 3,000 iterations
stage_startup             seconds of a stage beside its iterations, labeling
                          and evaluation, with the config's loader workers
stage_startup_share       that, as a share of 3,000 such iterations and itself
========================= =================================================

``rounds`` has the value of each figure in each turn or round (half as many for the Ray
workers). ``growth`` shows how the cost grows with stages, beam, paths and unlabeled
images. For a few policies it has the stages trained and the images labeled, as the
algorithm needs them and as the record counts them, and the seconds without stage 0.
"""

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest.mock import patch

import torch
from common import (
    ROOT,
    TimerHook,
    TurnHook,
    in_short_turns,
    in_turns,
    make_shapes,
    now,
    ratios,
    rounds_parser,
    timed,
    turn_ratios,
    use_shapes,
    use_workers,
    write_json,
)
from mmengine.config import Config
from torch.nn import Conv2d

from mmseg_gist.models.utils import DepthwiseConv2d
from mmseg_gist.self_training.config import stage_config
from mmseg_gist.self_training.labeler import label_for, labeler_config
from mmseg_gist.self_training.own_runner import own_runner
from mmseg_gist.self_training.registry import POLICIES
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.self_training.training import run_stage


def train(cfg: Config, hook: TurnHook) -> None:
    """Trains in a work dir that is this side's alone."""
    cfg.work_dir += f'_{hook.place}'
    with own_runner(cfg) as runner:
        runner.register_hook(hook)
        runner.train()


def plain_config(cfg: Config) -> Config:
    """What one would train without this project, from stage 0's weights."""
    plain = deepcopy(cfg)
    plain.work_dir = f'{cfg.work_dir}/plain'
    plain.experiment_name = 'plain'
    plain.load_from = f'{cfg.work_dir}/stages/0/checkpoint.pth'
    plain.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=cfg.train_cfg.stage_iters
    )
    for key in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            plain.pop(f'{key}_{part}')
    return plain


def iterations(cfg: Config) -> dict[str, list[float]]:
    bare = deepcopy(cfg)
    bare.train_cfg.consistency = None
    label_for(Stage(bare, ('P',)))

    def with_pytorchs_depthwise(hook: TurnHook) -> None:
        with patch.object(DepthwiseConv2d, 'forward', Conv2d.forward):
            train(plain_config(cfg), hook)

    found = in_short_turns(
        1,
        dict(
            plain=lambda hook: train(plain_config(cfg), hook),
            l=lambda hook: train(stage_config(Stage(bare, ('L',))), hook),
            p=lambda hook: train(stage_config(Stage(bare, ('P',))), hook),
            consistency=lambda hook: train(stage_config(Stage(cfg, ('L',))), hook),
            pytorch=with_pytorchs_depthwise,
        ),
    )
    whole, teacher = found['consistency']
    return dict(
        l_over_plain=turn_ratios(found, 'l', 'plain'),
        p_over_l=turn_ratios(found, 'p', 'l'),
        consistency_over_none=turn_ratios(found, 'consistency', 'l'),
        teacher_share=[round(part / turn, 3) for part, turn in zip(teacher, whole)],
        depthwise_over_pytorch=turn_ratios(found, 'plain', 'pytorch'),
    )


def labeling(cfg: Config, data: Path, size: int) -> list[float]:
    """Test images of a size, by the labeler and by mmseg's test loop."""
    cfg = deepcopy(cfg)
    few = dict(labeled=1, dev=1, unlabeled=1, test=240)
    options = [f'--{name}={number}' for name, number in few.items()]
    make_shapes(data / str(size), f'--size={size}', *options)
    use_shapes(cfg, data / str(size))
    cfg.model.data_preprocessor.test_cfg.size = (size, size)
    tested = cfg.test_dataloader.dataset
    cfg.unlabeled_dataloader.dataset.update(
        ann_file=tested.ann_file, data_prefix=dict(img_path=tested.data_prefix.img_path)
    )
    labeler = labeler_config(Stage(cfg, ('P',)), None)
    tester = deepcopy(labeler)
    tester.work_dir += '_tested'
    tester.test_dataloader.dataset = tested
    tester.test_evaluator = cfg.test_evaluator

    def test(config: Config, hook: TurnHook) -> None:
        with own_runner(config) as runner:
            runner.register_hook(hook)
            runner.test()

    found = in_short_turns(
        10,
        dict(
            label=lambda hook: test(labeler, hook), test=lambda hook: test(tester, hook)
        ),
    )
    shutil.rmtree(Stage(cfg).pseudo_label_dir)
    return turn_ratios(found, 'test', 'label')


def startup(cfg: Config, rounds: int) -> dict[str, list[float]]:
    cfg = deepcopy(cfg)
    timed(cfg)
    found = dict(stage_startup=[], stage_startup_share=[])
    for _ in range(rounds):
        shutil.rmtree(f'{cfg.work_dir}/stages/L', ignore_errors=True)
        start = now()
        row = run_stage(Stage(cfg, ('L',)))
        seconds = now() - start - row['seconds']['evaluation']
        beside = seconds - TimerHook.iteration() * row['iters']
        whole = beside + 3000 * TimerHook.iteration()
        found['stage_startup'].append(beside)
        found['stage_startup_share'].append(beside / whole)
    return found


def run_loop(cfg: Config, policy: dict) -> tuple[float, list[dict]]:
    """Seconds of the stages that a policy adds to stage 0, and their rows."""
    cfg = deepcopy(cfg)
    cfg.load_from = f'{cfg.work_dir}/stages/0/checkpoint.pth'
    cfg.work_dir += '_loop'
    shutil.rmtree(cfg.work_dir, ignore_errors=True)
    for asked in (dict(type='FixedPath', path='0'), policy):
        cfg.train_cfg.policy = asked
        with own_runner(cfg) as runner:
            loop = runner.train_loop  # builds it
            start = now()
            loop.run()
            seconds = now() - start
        cfg.resume = True
    record = json.loads(Path(cfg.work_dir, 'record.json').read_text())
    return seconds, record['stages'][1:]


def small_evaluation(cfg: Config) -> Config:
    """A copy with few development and test images."""
    cfg = deepcopy(cfg)
    cfg.val_dataloader.dataset.indices = cfg.test_dataloader.dataset.indices = 10
    return cfg


def workers(cfg: Config, rounds: int, iters: int) -> dict[str, list[float]]:
    cfg = small_evaluation(cfg)
    cfg.train_cfg.stage_iters = iters
    policy = dict(type='RIST', num_stages=2, num_paths=2, seed=disjoint_paths(2))
    alone = dict(type='SerialExecutor')
    ray = dict(type='RayExecutor', num_gpus_per_stage=torch.cuda.is_available() / 2)

    def seconds(executor: dict) -> float:
        cfg.train_cfg.executor = executor
        return run_loop(cfg, policy)[0]

    found = in_turns(
        rounds, dict(ray=lambda: seconds(ray), alone=lambda: seconds(alone))
    )
    return dict(two_workers_over_serial=ratios(found, 'ray', 'alone'))


def disjoint_paths(num_stages: int) -> int:
    """The first seed with which RIST's two paths share no stage."""
    seed = 0
    while True:
        policy = dict(type='RIST', num_stages=num_stages, num_paths=2, seed=seed)
        one, other = POLICIES.build(policy).paths
        if one[0] != other[0]:
            return seed
        seed += 1


def growth(cfg: Config, data: Path) -> Iterator[dict]:
    """Rows with what was asked for, what it needs and what was counted."""
    cfg = small_evaluation(cfg)
    ids = Path(data, 'unlabeled.txt').read_text().split()
    batch = cfg.unlabeled_dataloader.batch_size

    def row(policy: dict, iters: int, stages: int, labeled: int, pool: int) -> dict:
        """``labeled`` of the needed stages are trained on pseudo-labels."""
        Path(data, f'unlabeled_{pool}.txt').write_text('\n'.join(ids[:pool]) + '\n')
        cfg.unlabeled_dataloader.dataset.ann_file = f'unlabeled_{pool}.txt'
        cfg.train_cfg.stage_iters = iters
        seconds, record = run_loop(cfg, policy)
        drawn = [stage.get('pseudo_labels', {}).get('drawn', 0) for stage in record]
        return dict(
            policy=policy,
            stage_iters=iters,
            unlabeled=pool,
            stages_needed=stages,
            stages=len(record),
            labeled_needed=labeled * min(pool, iters * batch),
            labeled=sum(drawn),
            seconds=round(seconds, 2),
        )

    for n in (1, 2, 4):
        yield row(dict(type='FixedPath', path='P' * n), 2, n, n, len(ids))
    # two children of each kept stage, one of them on pseudo-labels
    for beam_size, kept in ((1, 3), (2, 1 + 2 + 2), (3, 1 + 2 + 3)):
        policy = dict(type='GIST', num_stages=3, beam_size=beam_size)
        yield row(policy, 2, 2 * kept, kept, len(ids))
    for n in (1, 2, 4):
        policy = dict(type='RIST', num_stages=2, num_paths=n)
        # the prefixes of its paths, each once
        paths = POLICIES.build(dict(policy)).paths
        prefixes = {path[:depth] for path in paths for depth in (1, 2)}
        labeled = sum(path[-1] == 'P' for path in prefixes)
        yield row(policy, 2, len(prefixes), labeled, len(ids))
    everything = -(-len(ids) // batch)  # iterations that draw all images
    for pool in (len(ids) // 4, len(ids) // 2, len(ids)):
        yield row(dict(type='FixedPath', path='P'), everything, 1, 1, pool)


def main() -> None:
    parser = rounds_parser(__doc__)
    parser.add_argument('--iters', type=int, default=60, help='of a stage')
    parser.add_argument(
        '--worker-iters', type=int, default=150, help='of a stage on Ray workers'
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        data = Path(folder, 'shapes')
        make_shapes(data)
        own = Config.fromfile(ROOT / 'configs/gist/deeplabv3plus_shapes_rist.py')
        use_shapes(own, data)
        paper = Config.fromfile(ROOT / 'configs/_base_/recipes/paper.py').train_cfg
        own.train_cfg.update(paper, perturbation=None)
        own.work_dir = f'{folder}/run'
        own.train_cfg.initial_iters = own.train_cfg.stage_iters = args.iters
        own.train_cfg.policy = dict(type='FixedPath', path='0')
        with own_runner(own) as runner:
            runner.train()
            own.metainfo = runner.train_loop.cfg.metainfo
        cfg = deepcopy(own)
        use_workers(cfg, 0)

        found = iterations(cfg)
        for name, size in (('over_test_loop', 225), ('small', 65)):
            found[f'label_rate_{name}'] = labeling(cfg, Path(folder), size)
        found |= startup(own, args.rounds)
        found |= workers(cfg, max(1, args.rounds // 2), args.worker_iters)
        results = {name: median(values) for name, values in found.items()}
        for name, value in results.items():
            print(f'{name:26} {value:.3f}')
        results['rounds'] = found
        results['growth'] = []
        for row in growth(cfg, data):
            print(row)
            results['growth'].append(row)
            write_json(args.out, results)  # what is there, if it is cut off


if __name__ == '__main__':
    main()
