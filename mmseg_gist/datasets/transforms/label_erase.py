from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_gist.datasets.confidence import region_means
from mmseg_gist.datasets.pseudo_label import confidence_path
from mmseg_gist.utils import UserError


@TRANSFORMS.register_module()
class ConfidencePath(BaseTransform):
    """Adds the confidence path of pseudo-labels whose data set does not.

    Required Keys: ``seg_map_path``

    Added Keys: ``confidence_path``
    """

    def transform(self, results: dict) -> dict:
        results['confidence_path'] = confidence_path(results['seg_map_path'])
        return results


@TRANSFORMS.register_module()
class LabelErase(BaseTransform):
    """Ignores the pixels whose pseudo-label the model was unsure of (Eq. 9).

    A pixel whose confidence, the largest probability of its pseudo-label, is
    below the threshold gets the ignore label. The transform belongs right after
    ``LoadAnnotations``, before anything changes the label's geometry. Human labels,
    which have no confidence, pass unchanged.

    One threshold for all classes erases rare classes first, since models are
    less sure of them. ``keep`` instead keeps the same share of each predicted
    class, as class-balanced self-training does
    (https://arxiv.org/abs/1810.07911): a stage of a self-training computes the
    threshold of each class from all pseudo-labels that it draws. A list gives the share
    of the first, second, ... stage on a path; deeper stages use its last share. So it
    is a curriculum, from the most confident pixels to all of them.

    Required Keys: ``gt_seg_map`` (H, W) uint8, ``confidence_path`` (optional;
    8-bit PNG of the same size, confidence x 255 rounded)

    Modified Keys: ``gt_seg_map``

    Args:
        threshold (float | Sequence[float], optional): The paper's phi, in [0, 1],
            for all classes or for each. The file's steps are 1/255.
        keep (float | Sequence[float], optional): Instead of a threshold, the share of
            each class, in (0, 1], that is kept: the pixels with the highest confidence.
            A list gives a share for each stage.
        regions (bool): Whether the confidence of a pixel is the mean of its region, the
            connected pixels of its class. Then regions stay or go as a whole, and twice
            as many borders stay. For objects rather than dense scenes. Defaults to
            False.
        ignore_index (int): The label of erased pixels. Defaults to 255.

    Raises:
        UserError: An argument is invalid; the confidence cannot be read or has another
            size; ``keep`` is used outside self-training.
    """

    def __init__(
        self,
        threshold: float | Sequence[float] | None = None,
        keep: float | Sequence[float] | None = None,
        regions: bool = False,
        ignore_index: int = 255,
    ) -> None:
        if (threshold is None) == (keep is None):
            raise UserError('LabelErase: give either threshold or keep')
        if keep is not None:
            shares = np.atleast_1d(np.asarray(keep, float))
            if not shares.size or not ((shares > 0) & (shares <= 1)).all():
                raise UserError(f'LabelErase: keep {keep} is not in (0, 1]')
        else:
            thresholds = np.atleast_1d(np.asarray(threshold, float))
            if not ((thresholds >= 0) & (thresholds <= 1)).all():
                raise UserError(f'LabelErase: threshold {threshold} is not in [0, 1]')
        self.threshold = threshold
        self.keep = keep
        self.regions = regions
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        path = results.get('confidence_path')
        if path is None:
            return results
        if self.threshold is None:
            raise UserError(
                'LabelErase(keep=...) needs the thresholds that a stage of a '
                'self-training computes: use threshold=... elsewhere'
            )
        if not np.any(self.threshold):
            return results
        confidence = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        label = results['gt_seg_map']
        if confidence is None or confidence.shape != label.shape:
            raise UserError(
                f'{path} is not the confidence of {results["seg_map_path"]}; '
                'delete both and continue with --resume to make them again'
            )
        if self.regions:
            confidence = region_means(label, confidence)
        erased = confidence < self.limits()[label]
        results['gt_seg_map'] = np.where(erased, self.ignore_index, label).astype(
            label.dtype
        )
        return results

    def limits(self) -> np.ndarray:
        """The least confidence x 255 that is kept, float (256, ), by label value."""
        limits = np.zeros(256)
        if np.ndim(self.threshold):
            limits[: len(self.threshold)] = self.threshold
        else:
            limits[:] = self.threshold
        return limits * 255

    def __repr__(self) -> str:
        what = 'threshold' if self.keep is None else 'keep'
        regions = ', regions=True' if self.regions else ''
        return f'{self.__class__.__name__}({what}={getattr(self, what)}{regions})'
