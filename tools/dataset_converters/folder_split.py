"""Draws development and test images that hold every class, group by group."""

import random
import re
from collections import Counter
from collections.abc import Collection, Sequence

from mmseg_gist.utils import UserError


def group_ids(ids: Sequence[str], regex: str | None) -> dict[str, str]:
    """Finds the group of each image.

    Args:
        ids: Ids of the images.
        regex: Searched in each id. Its first bracketed group, or else the whole
            match, names the group. None makes each image its own group.

    Returns:
        The group of each id.

    Raises:
        UserError: The regex is invalid or does not match an id.
    """
    if regex is None:
        return {name: name for name in ids}
    try:
        matches = {name: re.search(regex, name) for name in ids}
    except re.error as error:
        raise UserError(
            f'--group-by: {regex!r} is not a regular expression ({error}): correct it'
        ) from None
    outside = [name for name, match in matches.items() if not match]
    if outside:
        raise UserError(
            f'--group-by: {regex!r} is not found in {len(outside)} of {len(ids)} '
            f'images, such as {outside[0]}: choose one that matches all names'
        )
    # '' where the brackets were not needed for the match
    return {
        name: match[1 if match.re.groups else 0] or ''
        for name, match in matches.items()
    }


def draw(
    groups: dict[str, list[str]],
    classes: dict[str, Collection[int]],
    number: int,
    rng: random.Random,
) -> list[str]:
    """Draws whole groups that together have about ``number`` images.

    Groups with most of the classes that are still missing come first, then random
    ones. The remaining groups keep every class they held, since a class without
    training images cannot be learned.

    Args:
        groups: Labeled images by group.
        classes: The classes in each image.
        number: Images to draw. Groups that bring the total nearer to it are
            added; so there are more or fewer only where groups are large or
            the last image of a class would go.
        rng: Decides between equally good groups.

    Returns:
        The names of the groups.
    """
    keys = sorted(groups)
    rng.shuffle(keys)
    held = {key: set().union(*(classes[name] for name in groups[key])) for key in keys}
    left = Counter(index for key in keys for index in held[key])
    drawn, covered, room = [], set(), number
    while len(keys) > 1:
        free = [
            key
            for key in keys
            if all(left[index] > 1 for index in held[key])
            and (not drawn or abs(room - len(groups[key])) < room)
        ]
        if not free:
            break
        best = min(
            free,
            key=lambda key: (
                max(len(groups[key]) - room, 0),
                -len(held[key] - covered),
            ),
        )
        keys.remove(best)
        drawn.append(best)
        left.subtract(held[best])
        covered |= held[best]
        room -= len(groups[best])
    return drawn


def split(
    images: Sequence[str],
    classes: dict[str, Collection[int]],
    numbers: dict[str, int],
    group_by: str | None = None,
    seed: int = 0,
) -> dict[str, list[str]]:
    """Splits images into sets that share no group.

    Args:
        images: Ids of all images.
        classes: The classes in each labeled image.
        numbers: How many labeled images to draw for ``'dev'``, ``'test'``.
        group_by: See :func:`group_ids`.
        seed: Seed of the draw.

    Returns:
        Sorted ids of ``labeled``, ``unlabeled`` and the keys of ``numbers``.
        Unlabeled images of a group that was drawn are in none of them.

    Raises:
        UserError: A set would be empty.
    """
    group = group_ids(images, group_by)
    groups = {}
    for name in sorted(classes):
        groups.setdefault(group[name], []).append(name)
    asked = sum(numbers.values())
    if asked >= len(classes):
        wanted = ', '.join(f'--{key} {number}' for key, number in numbers.items())
        raise UserError(
            f'{len(classes)} labeled images are too few for {wanted} and at least one '
            'to train on: label more, or ask for fewer'
        )
    rng = random.Random(seed)
    sets = {}
    for key, number in numbers.items():
        drawn = draw(groups, classes, number, rng)
        if not drawn:
            raise UserError(
                f'--{key} {number}: without any of the {len(groups)} labeled groups '
                'left, no image of some class would remain to train on: label more'
                + (', or make --group-by finer' if group_by else '')
            )
        sets[key] = sorted(name for each in drawn for name in groups.pop(each))
    taken = {group[name] for names in sets.values() for name in names}
    sets['labeled'] = sorted(name for names in groups.values() for name in names)
    sets['unlabeled'] = sorted(
        name for name in images if name not in classes and group[name] not in taken
    )
    if not sets['unlabeled']:
        raise UserError(
            'no image without a label is left to train on: self-training needs some; '
            'take labels out, or train on all labels (configs/supervised)'
        )
    return sets
