"""Count the classes in a run's pseudo-labels, for class_shares.py, and draw some.

Writes label_shares.json beside the record: the pixels of each class in the human labels
and, for each path, in the labels by the models of its stages, over the images that all
of them labeled. With --out it also writes NAME_<path>.png, the labels of a few images
by stage.
"""

from argparse import ArgumentParser

import mmcv
import numpy as np
from matplotlib.figure import Figure
from mmengine.registry import init_default_scope
from PIL import Image

from mmseg_gist.analysis.figures import save
from mmseg_gist.analysis.label_shares import FILE
from mmseg_gist.analysis.runs import config_of, find_run, read_counts, write_counts
from mmseg_gist.cli import DictAction, run
from mmseg_gist.datasets.labels import (
    class_metainfo,
    count,
    count_human_labels,
    read_label,
)
from mmseg_gist.self_training.labeler import LabelFiles, labels_along
from mmseg_gist.self_training.path import from_name, to_name
from mmseg_gist.self_training.stage import Stage


def draw(labels: LabelFiles, palette: list, images: int, file: str) -> None:
    """A PNG with a row per image: the image itself, then its labels by stage."""
    names = list(next(iter(labels.values())))
    names = names[:: max(1, len(names) // images)][:images]
    columns = len(labels) + 1
    figure = Figure(figsize=(1.6 * columns, 1.3 * len(names)), layout='constrained')
    grid = figure.subplots(len(names), columns, squeeze=False)
    colors = np.zeros((256, 3), np.uint8)
    colors[: len(palette)] = palette
    for row, name in zip(grid, names):
        image = Image.fromarray(mmcv.imread(name, channel_order='rgb'))
        for axes in row:
            axes.set_axis_off()
        row[0].imshow(image)
        for axes, files in zip(row[1:], labels.values()):
            label = colors[read_label(files[name])]
            size = label.shape[1::-1]
            axes.imshow(Image.blend(image.resize(size), Image.fromarray(label), 0.6))
    for axes, stage in zip(grid[0, 1:], labels):
        axes.set_title(f'stage {len(stage)}', fontsize=8)
    save(figure, file)


def main(argv: list[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='of one run')
    parser.add_argument(
        'paths', nargs='+', help='names of the last stages, such as PPPP'
    )
    parser.add_argument('--images', type=int, default=4, help='to draw, default: 4')
    parser.add_argument('--out', metavar='NAME')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args(argv)
    each = find_run(args.work_dir)
    cfg = config_of(each)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope('mmseg')
    cfg.metainfo = class_metainfo(cfg.train_dataloader.dataset)
    classes = cfg.metainfo.classes

    def of_classes(pixels: np.ndarray) -> list[int]:
        return pixels[: len(classes)].tolist()

    file = each.file.parent / FILE
    content = read_counts(file, 'paths')
    content['classes'] = list(classes)
    content['labeled'] = of_classes(count_human_labels(cfg.train_dataloader.dataset))
    for name in args.paths:
        labels = labels_along(Stage(cfg, from_name(name)))
        content['paths'][name] = dict(
            images=len(next(iter(labels.values()))),
            stages={
                to_name(stage): of_classes(count(read_label, files.values()))
                for stage, files in labels.items()
            },
        )
        if args.out:
            draw(labels, cfg.metainfo.palette, args.images, f'{args.out}_{name}.png')
    write_counts(content, file)
    print(f'{file}: {", ".join(content["paths"])}')


if __name__ == '__main__':
    run(main)
