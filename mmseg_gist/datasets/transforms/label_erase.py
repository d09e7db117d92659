import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_gist.utils import UserError


@TRANSFORMS.register_module()
class LabelErase(BaseTransform):
    """Ignore the pixels whose pseudo-label the model was unsure of (Eq. 9).

    A pixel whose confidence, the largest probability of its pseudo-label, is
    below the threshold gets the ignore label. It stands right after
    ``LoadAnnotations``, before anything changes the label's geometry. Labels
    without a confidence, those made by people, pass unchanged.

    Required Keys: ``gt_seg_map`` (H, W) uint8, ``confidence_path`` (optional;
    8-bit PNG of the same size, confidence x 255 rounded)

    Modified Keys: ``gt_seg_map``

    Args:
        threshold (float): The paper's phi, in [0, 1]. The file's steps
            are 1/255.
        ignore_index (int): The label of erased pixels. Defaults to 255.

    Raises:
        UserError: The confidence cannot be read or is of another size.
    """

    def __init__(self, threshold: float, ignore_index: int = 255) -> None:
        if not 0 <= threshold <= 1:
            raise UserError(f'LabelErase: threshold {threshold} is not in [0, 1]')
        self.threshold = threshold
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        path = results.get('confidence_path')
        if path is None or self.threshold == 0:
            return results
        confidence = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        label = results['gt_seg_map']
        if confidence is None or confidence.shape != label.shape:
            raise UserError(
                f'{path} is not the confidence of {results["seg_map_path"]}; '
                'delete both and go on with --resume to make them again'
            )
        erased = confidence < self.threshold * 255
        results['gt_seg_map'] = np.where(erased, self.ignore_index, label).astype(
            label.dtype
        )
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(threshold={self.threshold})'
