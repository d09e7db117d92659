from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS, TRANSFORMS
from PIL import Image

from mmseg_gist.datasets.output_names import confidence_path
from mmseg_gist.utils import atomic_path


@METRICS.register_module()
class PseudoLabelWriter(BaseMetric):
    """Writes a model's predictions as pseudo-labels, in mmengine's test loop.

    Each image gets an index PNG with the data set's palette at its ``seg_map_path``. A
    gray PNG beside it holds the confidence: the probability of the predicted class x
    255, rounded. The label is put in place last, so a label that exists has its
    confidence. A thread writes the files while the next batch is predicted.

    Args:
        temperature_scaling (dict): Config of the transform that turns ``seg_logits``
            into ``seg_probs``, e.g. ``dict(type='TemperatureScaling', T=0.2)``.
        **kwargs: See :class:`mmengine.evaluator.BaseMetric`.
    """

    def __init__(self, temperature_scaling: dict, **kwargs) -> None:
        super().__init__(**kwargs)
        self.temperature_scaling = TRANSFORMS.build(temperature_scaling)
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.writing = []

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        self.wait()  # one batch at a time is kept for the thread
        for sample in data_samples:
            self.writing.append(self.pool.submit(self.write, sample))
            self.results.append(sample['pred_sem_seg']['data'].numel())

    def write(self, sample: dict) -> None:
        label = sample['pred_sem_seg']['data'].long()  # (1, H, W)
        logits = sample['seg_logits']['data']  # (C, H, W)
        if len(logits) == 1:  # mmseg's one-channel heads give a sigmoid
            logits = logits.logit().clamp(-17, 17)
            logits = torch.cat([torch.zeros_like(logits), logits])
        probs = self.temperature_scaling(dict(seg_logits=logits))['seg_probs']
        confidence = probs.gather(0, label)[0].mul(255).round()
        write_pseudo_label(
            sample['seg_map_path'],
            label[0].cpu().numpy().astype(np.uint8),
            confidence.cpu().numpy().astype(np.uint8),
            [channel for color in self.dataset_meta['palette'] for channel in color],
        )

    def wait(self) -> None:
        """Waits until everything is written.

        Raises:
            OSError: A file could not be written.
        """
        while self.writing:
            self.writing.pop().result()

    def evaluate(self, size: int) -> dict:
        self.wait()
        return super().evaluate(size)

    def compute_metrics(self, results: list) -> dict:
        return dict(pseudo_labels=len(results))


def write_pseudo_label(
    path: str, label: np.ndarray, confidence: np.ndarray, palette: Sequence[int]
) -> None:
    """Writes one pseudo-label and its confidence, each atomically.

    Args:
        path: Path of the index PNG.
        label: (H, W) uint8, class indices.
        confidence: (H, W) uint8, probability x 255.
        palette: R, G, B of class 0, of class 1, ..., each 0 to 255.
    """
    with atomic_path(confidence_path(path)) as temporary:
        temporary.write_bytes(cv2.imencode('.png', confidence)[1].tobytes())
    image = Image.fromarray(label)
    image.putpalette([*palette, *[0] * (768 - len(palette))])
    with atomic_path(path) as temporary:
        image.save(temporary, compress_level=1)  # a third of the time
