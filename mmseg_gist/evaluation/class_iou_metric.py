from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's IoUMetric that returns the IoU of each class, too.

    That one prints them only. Here they are metrics like the others,
    ``IoU.<class>`` in percent to two decimals; classes that are neither in the
    labels nor predicted have none.

    Args:
        **kwargs: See :class:`mmseg.evaluation.IoUMetric`.
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        areas = list(zip(*results))[:2]
        intersections, unions = (sum(parts).tolist() for parts in areas)
        names = self.dataset_meta['classes']
        for name, intersection, union in zip(names, intersections, unions):
            if union:
                metrics[f'IoU.{name}'] = round(100 * intersection / union, 2)
        return metrics
