from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ImageAreas(BaseMetric):
    """Keeps the areas from which mIoU is computed, image by image.

    Their sums over images, divided, give the values of :class:`ClassIoUMetric`, so mIoU
    of any part of the set needs no second evaluation. After the evaluation the
    main process has them in ``areas``: a dict from the image's path to a list of
    ``[intersection, union, labeled]``, pixels, of each class.

    Args:
        ignore_index (int): Label of ignored pixels. Defaults to 255.
        **kwargs: See :class:`mmengine.evaluator.BaseMetric`.
    """

    def __init__(self, ignore_index: int = 255, **kwargs) -> None:
        super().__init__(**kwargs)
        self.ignore_index = ignore_index
        self.areas: dict[str, list[list[int]]] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            label = sample['pred_sem_seg']['data'].squeeze()
            truth = sample['gt_sem_seg']['data'].squeeze().to(label)
            intersection, union, _, labeled = IoUMetric.intersect_and_union(
                label, truth, classes, self.ignore_index
            )
            areas = torch.stack([intersection, union, labeled], dim=1).long()
            self.results.append((sample['img_path'], areas.tolist()))

    def compute_metrics(self, results: list) -> dict:
        self.areas = dict(results)
        return dict(images=len(self.areas))
