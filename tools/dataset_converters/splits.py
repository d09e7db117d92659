r"""Cut an order of images into labeled.txt, dev.txt and unlabeled.txt.

The rule is the same for all data sets: the first images of the order are
labeled, the next 50 are the development set, all the others are unlabeled.
So a larger fraction contains a smaller one, and any shipped split, read as
labeled + dev + unlabeled, is the order again.

Your own images, in a random order::

    python tools/dataset_converters/splits.py data/mine/images/train \
        --seed 0 --labeled 100 --out data/mine/splits/100

A list file whose order counts, here restricted to the ids of a second list::

    python tools/dataset_converters/splits.py order.txt --only train.txt \
        --labeled 63 --out configs/_base_/splits/animals/1-50
"""

import argparse
import random
from pathlib import Path

from label_files import list_images, read_list, write_list

from mmseg_gist.cli import run
from mmseg_gist.utils import UserError


def order_ids(ids, seed=None, permutation=None, only=None):
    """Brings ids into the order that is cut.

    Args:
        ids (list[str]): The ids, e.g. of a list file or a folder.
        seed (int, optional): Shuffle the sorted ids with this seed.
        permutation (list[int], optional): Position i of the result is
            ``ids[permutation[i]]``.
        only (collection of str, optional): Drop all other ids, at the end.

    Returns:
        list[str]: The ids in their new order.

    Raises:
        UserError: ``permutation`` is not one of ``range(len(ids))``.
    """
    ids = list(ids)
    if seed is not None:
        ids = sorted(ids)
        random.Random(seed).shuffle(ids)
    if permutation is not None:
        if sorted(permutation) != list(range(len(ids))):
            raise UserError(
                f'the permutation must hold each of 0 to {len(ids) - 1} once, as '
                f'there are {len(ids)} ids; it has {len(permutation)} entries'
            )
        ids = [ids[index] for index in permutation]
    if only is not None:
        only = set(only)
        ids = [name for name in ids if name in only]
    return ids


def split(order, num_labeled, num_dev=50):
    """Cuts an order into the three sets.

    Args:
        order (list[str]): All ids.
        num_labeled (int): Number of labeled images.
        num_dev (int): Number of development images.

    Returns:
        dict[str, list[str]]: ``labeled``, ``dev`` and ``unlabeled``.

    Raises:
        UserError: One of the sets would be empty.
    """
    start = num_labeled + num_dev
    if num_labeled < 1 or num_dev < 1 or start >= len(order):
        raise UserError(
            f'{len(order)} ids cannot be cut into {num_labeled} labeled, {num_dev} '
            'development and at least one unlabeled: choose smaller numbers'
        )
    return dict(
        labeled=order[:num_labeled],
        dev=order[num_labeled:start],
        unlabeled=order[start:],
    )


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='list file, or folder of images')
    parser.add_argument('--labeled', type=int, required=True, help='labeled images')
    parser.add_argument('--dev', type=int, default=50, help='development images')
    parser.add_argument('--seed', type=int, help='shuffle the sorted ids')
    parser.add_argument('--permutation', type=Path, help='file of indices into the ids')
    parser.add_argument('--only', type=Path, help='list file: drop all other ids')
    parser.add_argument('--out', type=Path, required=True, help='folder of the lists')
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    source = args.source
    ids = list_images(source) if source.is_dir() else read_list(source)
    permutation = args.permutation and [int(i) for i in read_list(args.permutation)]
    only = args.only and read_list(args.only)
    sets = split(order_ids(ids, args.seed, permutation, only), args.labeled, args.dev)
    for name, members in sets.items():
        write_list(args.out / f'{name}.txt', members)
    sizes = ', '.join(f'{len(members)} {name}' for name, members in sets.items())
    print(f'{args.out}: {sizes}')


if __name__ == '__main__':
    run(main)
