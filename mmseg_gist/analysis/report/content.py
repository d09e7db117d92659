"""What the page says, from the record and the labels that were read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mmengine.config import Config

from mmseg_gist.analysis.choice import best_by_depth
from mmseg_gist.analysis.label_shares import largest_changes
from mmseg_gist.analysis.runs import Run, class_ious
from mmseg_gist.datasets.data_check import SETS
from mmseg_gist.datasets.labels import Shares, shares
from mmseg_gist.self_training.label_statistics import warnings_of
from mmseg_gist.self_training.path import (
    StagePath,
    from_name,
    to_name,
    uses_pseudo_labels,
)
from mmseg_gist.self_training.policies import Scores
from mmseg_gist.self_training.record import kind_of_labels
from mmseg_gist.self_training.replay import so_far
from mmseg_gist.self_training.stage import Stage

from .store import sets_of
from .tree import path_ends

CURVES = 6  # classes in a chart of shares
Row = dict[str, object]  # from the column's name to a value


class ModelLabels(NamedTuple):
    """Pseudo-labels by a stage's model.

    Attributes:
        shares (list[float]): Percent of each class, before label erase.
        kept (dict): What label erase leaves, see
            :func:`mmseg_gist.datasets.confidence.kept_shares`.
    """

    shares: Shares
    kept: dict


def settings(run: Run, cfg: Config) -> Row:
    """The settings of the run, by their everyday names."""
    policies = run.record.run['policy']
    policies = policies.get('policies') or {policies['type']: policies}
    said = {f'policy {name}': _said(value) for name, value in policies.items()}
    said['seed'] = run.seed
    model = cfg.model
    while 'segmentor' in model:
        model = model.segmentor
    heads = model.get('decode_head') or {}
    heads = heads if isinstance(heads, (list, tuple)) else [heads]
    parts = [cfg.model, model.get('backbone') or {}, *heads]
    said['model'] = ', '.join(part.type for part in parts if 'type' in part)
    if cfg.get('load_from'):
        said['stage 0'] = f'not trained, but read from {cfg.load_from}'
    else:
        said['stage 0'] = f'{cfg.train_cfg.initial_iters} iterations'
    stage = Stage(cfg, ('P',))
    said['further stages'] = f'{stage.iters} iterations each'
    loaders = cfg.train_dataloader, cfg.unlabeled_dataloader
    said['batch size'] = '{} labeled or {} unlabeled'.format(
        *(loader.batch_size for loader in loaders)
    )
    if erase := stage.label_erase:
        said['label erase'] = _said({k: v for k, v in erase.items() if k != 'type'})
    for name in (
        'restart',
        'reliable',
        'temperature_scaling',
        'perturbation',
        'labeling',
        'consistency',
        'refinement',
    ):
        if cfg.train_cfg.get(name):
            said[name] = _said(cfg.train_cfg[name])
    said['classes'] = ', '.join(cfg.metainfo.classes)
    return said


def _said(value) -> str:
    """A part of a config in one line."""
    if not isinstance(value, dict):
        return str(value)
    items = [
        f'{key} = ({_said(item)})' if isinstance(item, dict) else f'{key} = {item}'
        for key, item in value.items()
        if key != 'type'
    ]
    return ' '.join(filter(None, [str(value.get('type', '')), ', '.join(items)]))


def data(cfg: Config) -> list[Row]:
    """A row per set."""
    return [
        {'set': SETS[name], 'images': number, 'list': place}
        for name, place, number in sets_of(cfg)
    ]


def stages(run: Run) -> list[Row]:
    """A row per stage, in the record's order; the best has a star."""
    rows = []
    for row in run.record.stages:
        path = from_name(row['path'])
        failed = row['status'] == 'failed'
        rows.append(
            {
                'path': row['path'],
                'depth': len(path),
                'labels': kind_of_labels(path),
                'dev mIoU': None if failed else row['dev']['mIoU'],
                'test mIoU': _test(row),
                'chosen': '★ chosen' if path == run.record.best else '',
                'note': row.get('reason', ''),
            }
        )
    return rows


def _test(row: dict) -> float | None:
    return row['test']['mIoU'] if row.get('test') else None


def curve_rows(run: Run) -> list[Row]:
    """mIoU of each policy's best stage of each depth, a row per policy and depth."""
    tests = {from_name(row['path']): _test(row) for row in run.record.stages}
    return [
        {
            'policy': name,
            'stage': depth,
            'path': to_name(path),
            'dev mIoU': run.dev[path],
            'test mIoU': tests[path],
        }
        for name, policy in run.policies.items()
        for depth, path in best_by_depth(so_far(policy, run.dev)).items()
    ]


def curves(run: Run, rows: Sequence[Row]) -> dict[str, dict[str, dict[int, float]]]:
    """The curves of :func:`curve_rows` (Fig. 1).

    Returns:
        dict: By the policy's name, ``development`` and, where there is a test
        set, ``test``, each from depth to percent.
    """
    found = {name: dict(development={}, test={}) for name in run.policies}
    for row in rows:
        kinds = found[row['policy']]
        kinds['development'][row['stage']] = row['dev mIoU']
        kinds['test'][row['stage']] = row['test mIoU']
    return {
        name: {
            kind: points
            for kind, points in kinds.items()
            if points and None not in points.values()
        }
        for name, kinds in found.items()
    }


def class_scores(run: Run, classes: Sequence[str]) -> list[Row]:
    """IoU of each class for stage 0 and the best stage; empty if not recorded."""
    rows = {row['path']: row for row in run.record.stages}
    names = dict.fromkeys(['0', to_name(run.record.best)])
    table = []
    for class_ in classes:
        row = {'class': class_}
        for kind in ('dev', 'test'):
            for name in names:
                if ious := class_ious(rows.get(name, {}).get(kind)):
                    stage = 'stage 0' if name == '0' else f'best ({name})'
                    row[f'{kind}, {stage}'] = ious.get(class_)
        table.append(row)
    return table if len(table[0]) > 1 else []


def model_labels(run: Run, models: Mapping[str, dict]) -> dict[str, ModelLabels]:
    """Numbers about the labels by each stage's model.

    They come from the record, over all labels that a stage drew, if it has them.
    Otherwise they are over the labels that the report counted.

    Args:
        run: The run.
        models: See :func:`mmseg_gist.analysis.report.store.read_models`.
    """
    rows = {}
    for row in run.record.stages:
        path = from_name(row['path'])
        if path and uses_pseudo_labels(path[-1]) and 'class_shares' in row:
            rows.setdefault(to_name(path[:-1]), row)
    found = {}
    for name, model in models.items():
        row = rows.get(name, {})
        fresh = row.get('class_shares') or shares(model['pixels'])
        # a class that the counted labels have is not gone
        kept = row.get('kept') or dict(all=model['kept'], classes=fresh)
        found[name] = ModelLabels(fresh, kept)
    return found


def warnings(
    classes: Sequence[str], human: Shares, labels: Mapping[str, ModelLabels]
) -> list[str]:
    """Lines about models whose labels have gone wrong, as in the run's log."""
    return [
        f'The labels by stage {name}: {line}'
        for name, (fresh, kept) in labels.items()
        for line in warnings_of(kept, human, fresh, classes)
    ]


def share_rows(
    classes: Sequence[str], human: Shares, labels: Mapping[str, ModelLabels]
) -> list[Row]:
    """A row per model: what is kept, then the share of each class."""
    rows = [{'labels by': 'people', 'kept': None} | dict(zip(classes, human))]
    for name, model in labels.items():
        row = {'labels by': f'stage {name}', 'kept': model.kept['all']}
        rows.append(row | dict(zip(classes, model.shares)))
    return rows


def share_path(names: Sequence[str], best: StagePath) -> list[str]:
    """The models on the path with the most models; the chosen stage's path if tied.

    Args:
        names: Stages whose models made labels.
        best: The chosen stage.
    """
    paths = [from_name(name) for name in names]
    along = {
        end: [path for path in paths if path == end[: len(path)]]
        for end in path_ends(paths)
    }
    end = max(along, key=lambda end: (len(along[end]), best[: len(end)] == end))
    return [to_name(path) for path in along[end]]


def share_curves(
    classes: Sequence[str], human: Shares, labels: Sequence[ModelLabels]
) -> dict[str, dict[int, float]]:
    """From the human labels (0) along a path, the classes that change most."""
    columns = [human, *(model.shares for model in labels)]
    return {
        classes[i]: {x: column[i] for x, column in enumerate(columns)}
        for i in largest_changes(columns, CURVES)
    }


def drawn_by_reliability(run: Run, name: str) -> list[dict]:
    """The rows of the stages that draw images by how reliable a stage's labels are."""
    return [
        row
        for row in run.record.stages
        if 'reliability' in row and to_name(from_name(row['path'])[:-1]) == name
    ]


def costs(run: Run) -> list[Row]:
    """Seconds and memory of each stage that did not fail."""
    return [
        {
            'path': row['path'],
            **{f'{part} [s]': value for part, value in row['seconds'].items()},
            'host memory [MiB]': row.get('memory', {}).get('host'),
            'GPU memory [MiB]': row.get('memory', {}).get('gpu'),
        }
        for row in run.record.stages
        if row['status'] == 'finished'
    ]


def slider(
    models: Mapping[str, dict], labels: Mapping[str, ModelLabels], scores: Scores
) -> dict[str, list[Row]]:
    """The slider's positions: by path, the stages whose models made labels.

    Returns:
        dict: By the name of each whole path, rows of ``name`` and ``text``.
    """
    found = {}
    for end in path_ends(scores):
        rows = []
        for path in (end[:depth] for depth in range(len(end) + 1)):
            name = to_name(path)
            if name in models:
                labeled = f'{labels[name].kept["all"]:.1f} % of the pixels kept'
                text = f'{name} (dev mIoU {scores[path]:.2f}), {labeled}'
                rows.append(dict(name=name, text=text))
        if rows:
            found[to_name(end)] = rows
    return found
