from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's IoUMetric, which also returns the IoU of each class.

    mmseg's metric only prints these numbers. Here they are metrics like the others,
    ``IoU.<class>`` in percent to two decimals; classes that are neither in the
    labels nor predicted have none.

    Args:
        labeled_only (bool): Whether classes that occur in no label are left out of all
            means. mmseg's metric counts such a class as IoU 0 if a single pixel is
            predicted as it, and leaves it out otherwise. In a small set, where classes
            are often missing, that pixel outweighs all differences between models.
            Pixels predicted as such a class still count as missing from their own
            class. Defaults to False.
        **kwargs: See :class:`mmseg.evaluation.IoUMetric`.
    """

    def __init__(self, labeled_only: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.labeled_only = labeled_only

    def compute_metrics(self, results: list) -> dict[str, float]:
        if self.format_only:
            return super().compute_metrics(results)
        if self.labeled_only:
            labeled = sum(label for *_, label in results) > 0
            results = [
                (intersection, union * labeled, predicted * labeled, label)
                for intersection, union, predicted, label in results
            ]
        metrics = super().compute_metrics(results)
        areas = list(zip(*results))[:2]
        intersections, unions = (sum(parts).tolist() for parts in areas)
        names = self.dataset_meta['classes']
        for name, intersection, union in zip(names, intersections, unions):
            if union:
                metrics[f'IoU.{name}'] = round(100 * intersection / union, 2)
        return metrics
