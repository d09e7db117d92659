"""What a policy asks for, stage by stage."""

from collections.abc import Iterator

from mmseg_gist.self_training.path import StagePath


def play(policy, scores: dict, limit: int) -> Iterator[StagePath]:
    """The stages that a loop would train; the caller enters their scores.

    Args:
        policy: See :mod:`mmseg_gist.self_training.policies`.
        scores: Of the finished stages, at least stage 0.
        limit: It must end before as many stages.
    """
    for _ in range(limit):
        following = policy(scores)
        if not following:
            return
        yield following[0]
    raise AssertionError(f'{policy} does not end')
