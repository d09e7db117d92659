"""Records of runs that never were, to be analyzed."""

import json
from pathlib import Path

from mmseg_gist.self_training.path import from_name

POLICIES = {
    'labels only': dict(type='FIST', num_stages=2, alpha=1),
    'GIST': dict(type='GIST', num_stages=2),
    'mixed': dict(type='FIST', num_stages=2, alpha=0.5),
}
# Development and test mIoU by stage.
SEEDS = [
    {
        '0': (50, 40),
        'L': (52, 41),
        'LL': (51, 42),
        'P': (53, 39),
        'PP': (52.5, 45),
        'PL': (55, 44),
        '0.5': (49, 38),
        '0.5-0.5': (48, 37),
    },
    {
        '0': (51, 41),
        'L': (53, 43),
        'LL': (54, 44),
        'P': (50, 40),
        'LP': (56, 49),
        '0.5': (52, 42),
        '0.5-0.5': (51.5, 45),
    },
]


def write_record(folder: Path, seed: int, scores: dict, policy: dict) -> Path:
    """Stages of 10 iterations after stage 0, drawing 6 of 12 images.

    Args:
        folder: The run's work dir, which is made.
        seed: Of the run.
        scores: (development mIoU, test mIoU) by the stage's name; None for a
            stage that failed, None as the second for no test set.
        policy: The policy's config.
    """
    stages = []
    for name, score in scores.items():
        stage = dict(path=name, iters=10 if name != '0' else 1000, seed=1)
        if name != '0' and from_name(name)[-1] != 'L':
            stage['pseudo_labels'] = dict(drawn=6, unlabeled=12)
        if score is None:
            stages.append(dict(stage, status='failed', reason='loss is nan'))
            continue
        dev, test = score
        stage |= dict(status='finished', dev=dict(mIoU=float(dev)))
        stage['test'] = None if test is None else dict(mIoU=float(test))
        stage['checkpoint'] = f'stages/{name}/checkpoint.pth'
        stages.append(dict(stage, seconds=dict(training=1.0)))
    folder.mkdir(parents=True)
    file = folder / 'record.json'
    run = dict(seed=seed, settings={}, policy=policy)
    file.write_text(json.dumps(dict(run=run, best='0', stages=stages)))
    return file


def write_seeds(folder: Path) -> Path:
    """Two seeds with three policies, ``folder/seed_0`` and ``folder/seed_1``."""
    for seed, scores in enumerate(SEEDS):
        policy = dict(type='PolicySet', policies=POLICIES)
        write_record(folder / f'seed_{seed}', seed, scores, policy)
    return folder
