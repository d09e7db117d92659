"""The page, from a work dir."""

import time
from functools import partial
from pathlib import Path

from jinja2 import Environment
from mmengine.config import Config

from mmseg_gist.analysis.runs import Run
from mmseg_gist.analysis.tables import cell
from mmseg_gist.datasets.labels import class_metainfo, shares
from mmseg_gist.self_training.path import ROOT, from_name, to_name
from mmseg_gist.utils import atomic_path

from . import charts, content
from .reliability import read_reliability
from .store import Store, read_images, read_models
from .tree import labeled_by

FILE = 'report.html'
STORE = 'report_data'
HERE = Path(__file__).parent


def write_report(cfg: Config, out: str | None = None) -> Path:
    """Writes what a run has shown so far.

    Args:
        cfg (Config): The run's config, with its ``work_dir``.
        out: The file; by default ``report.html`` in the work dir. Written
            elsewhere, it leaves the work dir as it is.

    Returns:
        Path: Of the file.

    Raises:
        UserError: There is no readable record.
    """
    work_dir = Path(cfg.work_dir)
    file = Path(out) if out else work_dir / FILE
    run = Run(work_dir / 'record.json')
    if 'metainfo' not in cfg:
        cfg.metainfo = class_metainfo(cfg.train_dataloader.dataset)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(cell=partial(cell, none='–'))
    template = environment.from_string((HERE / 'page.html').read_text())
    store = Store(work_dir / STORE, readonly=bool(out))
    page = template.render(
        style=(HERE / 'page.css').read_text(),
        script=(HERE / 'page.js').read_text(),
        **_values(run, cfg),
        **_label_values(run, cfg, store),
    )
    with atomic_path(file) as temporary:
        temporary.write_text(page)
    return file


def _values(run: Run, cfg: Config) -> dict:
    """The values that come from the record."""
    best = run.record.best
    rows = content.stages(run)
    # over the record, as the loop asks
    following = [path for p in run.policies.values() for path in p(run.dev)]
    classes = list(cfg.metainfo.classes)
    curve_rows = content.curve_rows(run)
    curves = content.curves(run, curve_rows)
    several = len(curves) > 1
    if several:
        kinds = {kind for points in curves.values() for kind in points}
        panels = [
            {name: curves[name][kind] for name in curves if kind in curves[name]}
            for kind in sorted(kinds)
        ]
        titles = [f'{kind} mIoU [%]' for kind in sorted(kinds)]
    else:
        panels, titles = list(curves.values()), ['mIoU [%]']
    scores = content.class_scores(run, classes)
    dev = [key for key in (scores[0] if scores else {}) if key.startswith('dev')]
    costs = content.costs(run)
    parts = list(dict.fromkeys(key for row in costs for key in row if '[s]' in key))
    return dict(
        name=run.setting,
        written=time.strftime('%Y-%m-%d %H:%M:%S'),
        finished=not following,
        following=sorted({to_name(path) for path in following}),
        best=next(row for row in rows if row['chosen']),
        root=rows[0],
        settings=content.settings(run, cfg),
        data=content.data(cfg),
        stages=rows,
        tree=charts.tree(run.dev, best),
        curves=[
            charts.lines(panel, 'stage', title) for panel, title in zip(panels, titles)
        ],
        curve_rows=curve_rows,
        class_scores=scores,
        class_chart=dev
        and charts.pairs(
            classes,
            {key.removeprefix('dev, '): [row[key] for row in scores] for key in dev},
            'IoU on the development set [%]',
        ),
        costs=costs,
        cost_chart=costs
        and charts.stacks(
            [row['path'] for row in costs],
            {part[:-4]: [row.get(part) or 0 for row in costs] for part in parts},
            'seconds',
        ),
    )


def _label_values(run: Run, cfg: Config, store: Store) -> dict:
    """The values that come from the labels, or why there are none."""
    try:
        models = read_models(cfg, labeled_by(run.dev), store)
        images = read_images(cfg, models, store)
    except Exception as error:  # the data may lie elsewhere by now
        return dict(missing=f'{type(error).__name__}: {error}', warnings=[])
    classes = list(cfg.metainfo.classes)
    human = run.record[ROOT].get('class_shares') or shares(images['pixels'])
    labels = content.model_labels(run, models)
    values = dict(
        missing=None,
        warnings=content.warnings(classes, human, labels),
        labeled_images=images['labeled'],
        unlabeled_images=images['unlabeled'],
        legend=list(zip(classes, map(tuple, cfg.metainfo.palette))),
        shares=content.share_rows(classes, human, labels),
        models=models,
    )
    if labels:
        along = content.share_path(list(labels), run.record.best)
        curves = content.share_curves(classes, human, [labels[n] for n in along])
        ticks = ['people', *along]
        kept = {i: labels[name].kept['all'] for i, name in enumerate(along)}
        reliability = read_reliability(cfg, list(map(from_name, along)), store)
        values |= dict(
            along=along[-1],
            reliability=reliability,
            drawn=reliability
            and content.drawn_by_reliability(run, reliability['stage']),
            share_chart=charts.lines(
                curves, 'labels by', 'share of the pixels [%]', ticks
            ),
            kept_chart=min(kept.values()) < 100
            and charts.lines(dict(kept=kept), 'labels by', 'kept pixels [%]', along),
            slider=dict(
                paths=content.slider(models, labels, run.dev),
                models={name: model['pictures'] for name, model in models.items()},
                classes=dict(zip(classes, cfg.metainfo.palette)),
            ),
        )
    return values
