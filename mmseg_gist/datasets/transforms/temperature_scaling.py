from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_gist.utils import UserError


@TRANSFORMS.register_module()
class TemperatureScaling(BaseTransform):
    """Logits to probabilities, ``softmax(T * logits)``.

    As in the paper, the temperature multiplies, so T < 1 softens.

    Required Keys: ``seg_logits`` (C, H, W) float tensor

    Added Keys: ``seg_probs`` (C, H, W) float tensor in [0, 1], sums to 1 over C

    Args:
        T (float): Temperature, above 0. Defaults to 1, the plain softmax.
    """

    def __init__(self, T: float = 1.0) -> None:
        if not T > 0:
            raise UserError(f'TemperatureScaling: T = {T} is not above 0')
        self.T = T

    def transform(self, results: dict) -> dict:
        results['seg_probs'] = (self.T * results['seg_logits']).softmax(dim=0)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(T={self.T})'


def softened(p: float, num_classes: int, T: float) -> float:
    """The largest probability after :class:`TemperatureScaling`.

    The threshold of label erase applies to probabilities with T. This function gives
    the threshold that keeps the pixels whose plain probability is at least ``p``.

    Args:
        p (float): The largest plain probability, in [1 / C, 1]. The others are assumed
            to be equal.
        num_classes (int): C, at least 2.
        T (float): Temperature.

    Returns:
        float: ``p^T / (p^T + (C - 1) ((1 - p) / (C - 1))^T)``, in [1 / C, 1].
    """
    others = num_classes - 1
    return p**T / (p**T + others * ((1 - p) / others) ** T)
