"""What a policy did or would have done, according to a record.

A policy knows only the scores, and a stage does not depend on the policy. So asking
again over a larger record gives the same stages as a separate run.
"""

from mmseg_gist.utils import UserError

from .path import ROOT, StagePath, to_name
from .policies import Scores


def so_far(policy, scores: Scores) -> Scores:
    """The policy's stages among the recorded ones, for a run that may continue.

    Args:
        policy: See :mod:`mmseg_gist.self_training.policies`.
        scores: Development mIoU of the recorded stages, None where one failed;
            the policy gets only those that it has asked for so far.

    Returns:
        dict: Their scores, in the order in which it asks for them.
    """
    visited = {}
    following = [ROOT]
    while new := [p for p in following if p in scores and p not in visited]:
        visited |= {path: scores[path] for path in new}
        following = policy(visited)
    return visited


def replay(policy, scores: Scores) -> list[StagePath]:
    """The stages that a run of the policy trains, from stage 0 on.

    Args:
        policy, scores: See :func:`so_far`.

    Returns:
        list: In the order in which it asks for them.

    Raises:
        UserError: The policy asks for a stage that was not recorded.
    """
    visited = so_far(policy, scores)
    following = policy(visited) if visited else [ROOT]
    if following:
        raise UserError(
            f'stage {to_name(following[0])} is not in the record; train it by '
            'resuming the run with this policy'
        )
    return list(visited)
