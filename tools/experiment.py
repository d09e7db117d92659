"""Run an experiment: every seed of every setting, each an ordinary run.

An experiment is a self-training config with one extra key,

    experiment = dict(seeds=[0, 1, 2], settings=dict(NAME=dict(...), ...))

A setting's dict is merged into the config; keys may be those of --cfg-options.
Its run of seed n, in WORK_DIR/NAME/seed_<n>, has randomness.seed = n; policies of type
RIST get the same seed. Settings with the same stage 0 share it, in
WORK_DIR/stage_0/seed_<n>. A setting that names another config as its `stage_0`
starts from the checkpoint of that training, in WORK_DIR/stage_0/NAME/seed_<n>: its
best on the development set if the config keeps that (save_best), else its last.
Existing runs in the work dir are resumed.
"""

import copy
from collections.abc import Iterator
from inspect import signature
from pathlib import Path

from mmengine.runner import Runner, find_latest_checkpoint

from mmseg_gist.analysis.runs import STAGE_0
from mmseg_gist.cli import Config, config_parser, load_config, read_config, run
from mmseg_gist.self_training.own_runner import own_runner, own_runtime
from mmseg_gist.self_training.path import to_name
from mmseg_gist.self_training.record import Record
from mmseg_gist.self_training.stage import Stage
from mmseg_gist.utils import UserError

# what stage 0 does not depend on
NOT_OF_STAGE_0 = (
    'randomness',
    'resume',
    'train_cfg.consistency',
    'train_cfg.executor',
    'train_cfg.keep',
    'train_cfg.label_erase',
    'train_cfg.labeling',
    'train_cfg.perturbation',
    'train_cfg.policy',
    'train_cfg.temperature_scaling',
    'train_cfg.refinement',
    'train_cfg.restart',
    'train_cfg.stage_iters',
    'train_cfg.stage_ratio',
    'unlabeled_dataloader',
    'work_dir',
)


def setting_config(base: Config, overrides: dict, name: str, seed: int) -> Config:
    """The config of one run."""
    cfg = copy.deepcopy(base)
    cfg.merge_from_dict(copy.deepcopy(dict(overrides)))
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    seed_policy(cfg.train_cfg.policy, seed)
    cfg.work_dir = str(Path(base.work_dir, name, f'seed_{seed}'))
    cfg.resume = True
    return cfg


def seed_policy(policy: dict, seed: int) -> None:
    """Gives other seeds other paths; otherwise the spread would be too small."""
    if policy['type'] == 'RIST':
        policy['seed'] = seed
    for inner in policy.get('policies', {}).values():
        seed_policy(inner, seed)


def stage_0_config(base: Config, seed: int) -> Config:
    """A run that ends after stage 0."""
    cfg = setting_config(base, {}, STAGE_0, seed)
    cfg.train_cfg.policy = dict(type='FixedPath', path='0')
    return cfg


def of_stage_0(cfg: Config) -> dict:
    """The settings that stage 0 may depend on, of those that the Runner takes."""
    given = (*signature(Runner).parameters, 'custom_imports')
    cfg = {key: value for key, value in cfg.to_dict().items() if key in given}
    for key in NOT_OF_STAGE_0:
        *outer, key = key.split('.')
        (cfg[outer[0]] if outer else cfg).pop(key, None)
    return cfg


def other_training(file: str, base: Config, name: str, seed: int) -> Config:
    """The config of a training whose model is a setting's stage 0."""
    cfg = read_config(file, None)
    for key in ('launcher', 'model_wrapper_cfg'):
        if key in base:
            cfg[key] = base[key]
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    cfg.work_dir = str(Path(base.work_dir, STAGE_0, name, f'seed_{seed}'))
    cfg.resume = True
    return cfg


def trained_model(cfg: Config) -> str:
    """The checkpoint that a training leaves: its best if it kept one, else its last."""
    hooks = cfg.get('default_hooks') or {}
    if (hooks.get('checkpoint') or {}).get('save_best'):
        return str(Path(cfg.work_dir, 'best_mIoU_iter_*.pth'))
    return find_latest_checkpoint(cfg.work_dir)


def train(cfg: Config) -> None:
    """Trains what is missing; the Runner leaves nothing behind for the next."""
    setting, seed = Path(cfg.work_dir).parts[-2:]
    own_runtime(cfg, f'{setting}_{seed}')
    with own_runner(cfg) as runner:
        runner.train()


def train_seed(base: Config, settings: dict, seed: int) -> Iterator[tuple[str, Record]]:
    """Yields the name and the record of each setting."""
    shared = None
    for name, overrides in settings.items():
        overrides = dict(overrides)
        other = overrides.pop('stage_0', None)
        cfg = setting_config(base, overrides, name, seed)
        if other:
            training = other_training(other, base, name, seed)
            train(training)
            cfg.load_from = trained_model(training)
        elif not cfg.get('load_from') and of_stage_0(cfg) == of_stage_0(base):
            if not shared:
                stage_0 = stage_0_config(base, seed)
                train(stage_0)
                shared = Stage(stage_0).checkpoint
            cfg.load_from = shared
        train(cfg)
        yield name, Record.load(Path(cfg.work_dir, 'record.json'))


def main() -> None:
    args = config_parser(__doc__).parse_args()
    base = load_config(args)
    experiment = base.pop('experiment', None)
    if not experiment:
        raise UserError(f'{args.config} has no `experiment`: use tools/train.py')
    base.work_dir = str(Path(base.work_dir).absolute())  # it is in load_from
    for seed in experiment.seeds:
        for name, record in train_seed(base, experiment.settings, seed):
            best = record[record.best]
            scores = [
                f'{kind} {best[kind]["mIoU"]:.2f}'
                for kind in ('dev', 'test')
                if best[kind]
            ]
            scores = ', '.join([f'stage {to_name(record.best)}', *scores])
            print(f'{name}, seed {seed}: {scores}', flush=True)
    print(f'The records are {base.work_dir}/*/seed_*/record.json')


if __name__ == '__main__':
    run(main)
