"""Which stages to train next, given the scores of those that are finished.

A policy is a pure function: ``policy(scores)`` takes the development mIoU of the
finished stages by path (None if a stage failed) and returns the paths to train next.
Each is a child of a finished stage. A policy that is done returns none.
"""

import random
from collections.abc import Mapping, Sequence

from mmseg_gist.utils import UserError, at_least_one, in_unit_interval

from .path import ROOT, StagePath, from_name, mix_of
from .registry import POLICIES

Scores = Mapping[StagePath, float | None]


def follow(paths: list[StagePath], scores: Scores) -> list[StagePath]:
    """The next stage of each path, each stage once; a failed path ends."""
    following = []
    for path in paths:
        for depth in range(1, len(path) + 1):
            if path[:depth] not in scores:
                if path[:depth] not in following:
                    following.append(path[:depth])
                break
            if scores[path[:depth]] is None:
                break
    return following


class KnownPaths:
    """The base of policies whose paths do not depend on scores.

    Attributes:
        paths (list[StagePath]): The whole paths.
    """

    paths: list[StagePath]

    def __call__(self, scores: Scores) -> list[StagePath]:
        return follow(self.paths, scores)


@POLICIES.register_module()
class FixedPath(KnownPaths):
    """One path, given stage by stage.

    Args:
        path (str): The path, such as ``'LPLLPLLPL'``.
    """

    def __init__(self, path: str) -> None:
        # on a command line 0 and 0.25 are numbers
        self.paths = [from_name(str(path))]


@POLICIES.register_module()
class FIST(KnownPaths):
    """The same mix at every stage.

    Args:
        num_stages (int): Stages after stage 0.
        alpha (float): Weight of the human labels, in [0, 1].
    """

    def __init__(self, num_stages: int, alpha: float) -> None:
        self.paths = [(mix_of(alpha),) * at_least_one('num_stages', num_stages)]


@POLICIES.register_module()
class BatchwiseRandom(KnownPaths):
    """The kind of label is drawn for every batch (Fig. 6).

    Args:
        num_stages (int): Stages after stage 0.
        probability (float): Probability of human labels, in (0, 1). Defaults to 0.5.
    """

    def __init__(self, num_stages: int, probability: float = 0.5) -> None:
        mix = mix_of(in_unit_interval('probability', probability))
        if mix in ('L', 'P'):
            raise UserError(
                f'BatchwiseRandom: probability {probability} is not in (0, 1); '
                'use FIST with alpha 0 or 1'
            )
        self.paths = [(f'B{mix}',) * at_least_one('num_stages', num_stages)]


@POLICIES.register_module()
class RIST(KnownPaths):
    """Random paths (Algorithm 2), without repeats.

    A path depends only on the seed and its number. More stages lengthen it (unless a
    shorter one was a repeat); more paths do not change it.

    Args:
        num_stages (int): Stages after stage 0.
        num_paths (int): Number of paths. Defaults to 2.
        probability (float): Probability of human labels at a stage, in [0, 1]. Defaults
            to 0.5.
        max_run (int, optional): Longest run of equal letters. The paper draws
            without a limit and calls paths with longer runs than four degenerate.
        seed (int): Defaults to 0.
    """

    def __init__(
        self,
        num_stages: int,
        num_paths: int = 2,
        probability: float = 0.5,
        max_run: int | None = None,
        seed: int = 0,
    ) -> None:
        at_least_one('num_stages', num_stages)
        at_least_one('num_paths', num_paths)
        in_unit_interval('probability', probability)
        if max_run is not None:
            at_least_one('max_run', max_run)
        paths = {}
        for attempt in range(1000 * min(num_paths, 2**num_stages)):
            path = random_path(f'{seed}/{attempt}', num_stages, probability, max_run)
            paths[path] = None
            if len(paths) == num_paths:
                self.paths = list(paths)
                return
        raise UserError(
            f'RIST: there are no {num_paths} different paths of {num_stages} '
            f'stages with probability={probability} and max_run={max_run}; '
            'ask for fewer paths'
        )


def random_path(
    seed: str, num_stages: int, probability: float, max_run: int | None
) -> StagePath:
    """One path of Algorithm 2: a stage is L if Uniform(0, 1) >= 1 - probability.

    A letter that would make a run too long is replaced by the other one.
    """
    uniform = random.Random(seed).random
    path: StagePath = ROOT
    for _ in range(num_stages):
        letter = 'L' if uniform() >= 1 - probability else 'P'
        if max_run is not None and path[-max_run:] == (letter,) * max_run:
            letter = 'P' if letter == 'L' else 'L'
        path += (letter,)
    return path


@POLICIES.register_module()
class GIST:
    """Beam search over stages (Algorithm 1).

    From each kept stage one child is trained on pseudo-labels and one on human
    labels; the ``beam_size`` best children on the development set are kept. Among equal
    ones, the first in the order of the beam is kept, P before L.

    With moves of several stages it looks further: only the ends of the moves are
    compared, so with ``moves=('PL', 'LL')`` a stage on pseudo-labels is judged by
    the stage on human labels after it, against two stages on human labels.

    Args:
        num_stages (int): Stages after stage 0.
        beam_size (int): The paper's G. Defaults to 1.
        moves (Sequence[str]): Names of the paths that extend a kept stage, all of equal
            length. ``num_stages`` is a multiple of this length.
    """

    def __init__(
        self, num_stages: int, beam_size: int = 1, moves: Sequence[str] = ('P', 'L')
    ) -> None:
        self.num_stages = at_least_one('num_stages', num_stages)
        self.beam_size = at_least_one('beam_size', beam_size)
        paths = [] if isinstance(moves, str) else [from_name(move) for move in moves]
        lengths = {len(path) for path in paths}
        if len(lengths) != 1 or lengths == {0} or len(set(paths)) < len(paths):
            raise UserError(
                f'GIST: moves = {moves!r} is not a list of different paths of '
                "equal length, such as ['PL', 'LL']"
            )
        self.moves = paths
        (self.depth,) = lengths
        if num_stages % self.depth:
            raise UserError(
                f'GIST: num_stages = {num_stages} is not a multiple of the '
                f'{self.depth} stages of a move'
            )

    def __call__(self, scores: Scores) -> list[StagePath]:
        beam = [ROOT]
        for _ in range(self.num_stages // self.depth):
            children = [parent + move for parent in beam for move in self.moves]
            if missing := follow(children, scores):
                return missing
            finished = [path for path in children if scores.get(path) is not None]
            beam = sorted(finished, key=lambda path: -scores[path])[: self.beam_size]
        return []


@POLICIES.register_module()
class PolicySet:
    """Several policies in one run: a stage that two of them ask for is trained once.

    A stage does not depend on the policy that asked for it. So a replay over the record
    shows what each policy would have found by itself
    (:func:`mmseg_gist.self_training.replay.replay`).

    Args:
        policies (dict[str, dict]): Configs of the policies by name, e.g.
            ``dict(GIST=dict(type='GIST', num_stages=9), ...)``. The policies are asked
            in this order.
    """

    def __init__(self, policies: Mapping[str, dict]) -> None:
        if not policies:
            raise UserError('PolicySet: policies is empty; name at least one')
        self.policies = {
            name: POLICIES.build(policy) for name, policy in policies.items()
        }

    def __call__(self, scores: Scores) -> list[StagePath]:
        asked = (policy(scores) for policy in self.policies.values())
        return list(dict.fromkeys(path for paths in asked for path in paths))
