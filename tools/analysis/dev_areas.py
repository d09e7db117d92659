"""Evaluate all stages of a run image by image, for dev_size.py.

Writes dev_areas.json beside the record: for each stage and image of the
development set the pixels of intersection, union and label of each class. Stages that
the file already has are skipped. For a larger set than the run's own, use
--cfg-options val_dataloader.dataset.ann_file=LIST.
"""

import copy
import json
from argparse import ArgumentParser
from pathlib import Path

from mmseg_gist.analysis.runs import Run, config_of, find_runs, read_counts
from mmseg_gist.cli import Config, DictAction, run
from mmseg_gist.datasets.labels import step_name
from mmseg_gist.datasets.output_names import output_names
from mmseg_gist.self_training.fingerprint import fingerprint
from mmseg_gist.self_training.labeler import OF_DEVELOPMENT, OF_TRAINING
from mmseg_gist.self_training.own_runner import own_runner, own_runtime, whole_images
from mmseg_gist.utils import UserError, atomic_path

FILE = 'dev_areas.json'


def evaluation_config(cfg: Config, checkpoint: Path) -> Config:
    """A test of a stage's model on the development set."""
    stage = copy.deepcopy(cfg)
    stage.test_dataloader = stage.val_dataloader
    for key in (*OF_TRAINING, *OF_DEVELOPMENT):
        stage.pop(key, None)
    stage.test_cfg = dict(type='TestLoop')
    evaluator = cfg.val_evaluator
    if isinstance(evaluator, (list, tuple)):
        evaluator = next(
            part for part in evaluator if step_name(part).endswith('IoUMetric')
        )
    ignore_index = evaluator.get('ignore_index', 255)
    stage.test_evaluator = dict(type='ImageAreas', ignore_index=ignore_index)
    stage.load_from, stage.resume = str(checkpoint), False
    stage.work_dir = str(Path(cfg.work_dir, 'dev_areas'))
    own_runtime(stage, f'dev_areas_{checkpoint.parent.name}')
    return stage


def evaluate(cfg: Config, checkpoint: Path) -> dict[str, list[list[int]]]:
    """The areas of each image, by its path below the folder that all of them share."""
    if not checkpoint.exists():
        raise UserError(f'{checkpoint} does not exist: restore the complete work dir')
    with own_runner(evaluation_config(cfg, checkpoint)) as runner, whole_images():
        runner.test()
        (metric,) = runner.test_loop.evaluator.metrics
    names = (name.removesuffix('.png') for name in output_names([*metric.areas]))
    return dict(zip(names, metric.areas.values()))


def add_areas(each: Run, cfg: Config) -> None:
    """Completes the run's file, stage by stage."""
    file = each.file.parent / FILE
    made_of = fingerprint(cfg)['val_dataloader']
    content = read_counts(file, 'stages')
    if content.get('made_of') != made_of:
        content = dict(made_of=made_of, stages={})
    for row in each.record.stages:
        if row['status'] == 'failed' or row['path'] in content['stages']:
            continue
        areas = evaluate(cfg, each.file.parent / row['checkpoint'])
        content['stages'][row['path']] = areas
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(content, separators=(',', ':')) + '\n')
    print(f'{file}: {len(content["stages"])} stages')


def main(argv: list[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('work_dirs', nargs='+', help='of runs, or folders of them')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args(argv)
    for each in find_runs(args.work_dirs):
        cfg = config_of(each)
        cfg.merge_from_dict(args.cfg_options)
        add_areas(each, cfg)


if __name__ == '__main__':
    run(main)
