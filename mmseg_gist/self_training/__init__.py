from .loop import IterativeSelfTrainingLoop
from .policies import FIST, GIST, RIST, BatchwiseRandom, FixedPath, PolicySet
from .registry import POLICIES

__all__ = [
    'FIST',
    'GIST',
    'POLICIES',
    'RIST',
    'BatchwiseRandom',
    'FixedPath',
    'IterativeSelfTrainingLoop',
    'PolicySet',
]
