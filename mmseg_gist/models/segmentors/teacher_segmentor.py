from copy import deepcopy

import torch
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_gist.models.utils import build_mask
from mmseg_gist.utils import in_unit_interval

from .semi_segmentor import SemiSegmentor, full_logits, not_padded


class TeacherSegmentor(SemiSegmentor):
    """A segmentor whose moving average, the teacher, labels unlabeled images.

    :class:`mmseg_gist.engine.hooks.MeanTeacherHook` updates the teacher.
    Subclasses define what is learned from these labels.

    Args:
        segmentor (dict): Config of any mmseg segmentor.
        mask (dict): Config of the mask of pixels pasted onto other images, such as
            ``dict(type='BoxMask')``.
        augmentation (dict, optional): Config of the augmentation of the images that the
            segmentor learns from: a function of (N, 3, H, W) in [0, 255]. None for no
            augmentation.
        threshold (float): The least probability of a sure pixel, in [0, 1].
            Defaults to 0.95.
        ignore_index (int, optional): The label of padded pixels. Defaults to the one
            that the segmentor's loss ignores.
        data_preprocessor (dict, optional): See :class:`SemiSegmentor`.

    Raises:
        UserError: The threshold is not in [0, 1].
    """

    def __init__(
        self,
        segmentor: dict,
        mask: dict,
        augmentation: dict | None = None,
        threshold: float = 0.95,
        ignore_index: int | None = None,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(segmentor, data_preprocessor)
        self.teacher = deepcopy(self.segmentor).requires_grad_(False)
        self.ignore_index = self.ignored_label if ignore_index is None else ignore_index
        self.mask = build_mask(mask, self.ignore_index)
        self.augmentation = augmentation and MODELS.build(augmentation)
        self.threshold = in_unit_interval('threshold', threshold)

    @property
    def student(self) -> nn.Module:
        """nn.Module: The module whose average the teacher is."""
        return self.segmentor

    def train(self, mode: bool = True):
        super().train(mode)
        self.teacher.eval()
        return self

    @torch.no_grad()
    def pseudo_labels(
        self, inputs: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, Tensor]:
        """The teacher's labels for images.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples; only their ``img_shape`` counts.

        Returns:
            tuple: The most probable classes (N, H, W), int64, ``ignore_index``
            where the images were padded; and the sure pixels (N, H, W), bool: those
            that were not padded and whose probability is at least ``threshold``.
        """
        probability, label = full_logits(self.teacher, inputs).softmax(dim=1).max(dim=1)
        shown = not_padded(inputs, data_samples)
        label[~shown] = self.ignore_index
        return label, shown & (probability >= self.threshold)

    def confidence(self, label: Tensor, sure: Tensor) -> Tensor:
        """The share of sure pixels among those that have a label.

        Args:
            label (Tensor): (N, H, W), int64.
            sure (Tensor): (N, H, W), bool.

        Returns:
            Tensor: A scalar in [0, 1]; 0 if no pixel has a label.
        """
        return sure.sum() / (label != self.ignore_index).sum().clamp(min=1)
