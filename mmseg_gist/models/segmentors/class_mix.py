import torch
from mmseg.registry import MODELS
from mmseg.utils import SampleList, add_prefix
from torch import Tensor

from mmseg_gist.models.utils import mix_with_next

from .semi_segmentor import split_by_source, weighted, with_labels
from .teacher_segmentor import TeacherSegmentor


@MODELS.register_module()
class ClassMix(TeacherSegmentor):
    """ClassMix (https://arxiv.org/abs/2007.07936) around any segmentor.

    The teacher, the moving average of the segmentor that
    :class:`mmseg_gist.engine.hooks.MeanTeacherHook` keeps, labels unlabeled
    images. Parts of each image, with their pseudo-labels, are pasted onto the next. The
    segmentor learns from the mixed images and from labeled ones:

    ``L = CE(labeled) + loss_weight * w * CE(mixed)``

    where CE is the segmentor's own loss and w the share of the mixed pixels
    whose largest probability is at least ``threshold``. Pixels that were
    padded have no pseudo-label and do not count.

    A batch holds labeled (source 0) and unlabeled images (source 1).

    Args:
        segmentor (dict): Config of any mmseg segmentor.
        mask (dict): Config of what is pasted, ``dict(type='ClassMask')`` or
            ``dict(type='CutMask')``. Defaults to the former.
        augmentation (dict, optional): Config of the augmentation of the mixed images: a
            function of (N, 3, H, W) in [0, 255]. None for no augmentation.
        threshold (float): In [0, 1]. Defaults to 0.968.
        loss_weight (float): Defaults to 1.
        ignore_index (int, optional): The label of padded pixels. Defaults to the one
            that the segmentor's loss ignores.
        data_preprocessor (dict, optional): See :class:`SemiSegmentor`.
    """

    def __init__(
        self,
        segmentor: dict,
        mask: dict | None = None,
        augmentation: dict | None = None,
        threshold: float = 0.968,
        loss_weight: float = 1.0,
        ignore_index: int | None = None,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(
            segmentor,
            mask or dict(type='ClassMask'),
            augmentation,
            threshold,
            ignore_index,
            data_preprocessor,
        )
        self.loss_weight = loss_weight

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """The losses of a mixed batch.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples with the metainfo ``source``; those
                of source 0 with ``gt_sem_seg``.

        Returns:
            dict: The segmentor's losses, prefixed with ``labeled.`` and
            ``mixed.``, and ``confidence``, the w in [0, 1] of the latter.
        """
        labeled, unlabeled = split_by_source(inputs, data_samples)
        losses = add_prefix(self.segmentor.loss(*labeled[1:]), 'labeled')
        mixed, samples, confidence = self.mixed_images(*unlabeled[1:])
        part = self.segmentor.loss(mixed, samples)
        part = weighted(part, self.loss_weight * confidence)
        return dict(losses, **add_prefix(part, 'mixed'), confidence=confidence)

    @torch.no_grad()
    def mixed_images(
        self, inputs: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, SampleList, Tensor]:
        """Mixes unlabeled images and what the teacher sees in them.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples without labels.

        Returns:
            tuple: The mixed and augmented images (N, 3, H, W), N samples with
            ``gt_sem_seg``, and the share of confident pixels, a scalar.
        """
        label, sure = self.pseudo_labels(inputs, data_samples)
        mask = self.mask(label)
        label, sure = mix_with_next(mask, label), mix_with_next(mask, sure)
        images = self.augmented(mix_with_next(mask, inputs), self.augmentation)
        return images, with_labels(data_samples, label), self.confidence(label, sure)
