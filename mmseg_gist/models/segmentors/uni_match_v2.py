import torch
from mmseg.registry import MODELS
from mmseg.utils import SampleList, add_prefix
from torch import Tensor
from torch.nn import functional as F

from mmseg_gist.models.utils import complementary_dropout, mix_with_next

from .semi_segmentor import full_logits, split_by_source, weighted
from .teacher_segmentor import TeacherSegmentor


@MODELS.register_module()
class UniMatchV2(TeacherSegmentor):
    """UniMatch V2 (https://arxiv.org/abs/2410.10777) around any EncoderDecoder.

    The teacher labels unlabeled images. The segmentor learns these labels from two
    strong views of each image, and human labels from labeled images:

    ``L = (CE(labeled) + (s_1 + s_2) / 2) / 2``

    CE is the segmentor's own loss, and s the cross entropy of a view, summed over
    the pixels in which the teacher's largest probability is at least
    ``threshold``, over the number of pixels that were not padded.

    Each view is augmented, and then a part of the next image is pasted onto it, with
    its labels. The features that the decoder sees have complementary channel dropout,
    :func:`mmseg_gist.models.utils.complementary_dropout`. The head must predict logits,
    as nearly all of mmseg's do.

    A batch holds labeled (source 0) and unlabeled images (source 1). The
    arguments are those of :class:`TeacherSegmentor`.
    """

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """The losses of a mixed batch.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples with the metainfo ``source``; those
                of source 0 with ``gt_sem_seg``.

        Returns:
            dict: Half of the segmentor's losses, prefixed with ``labeled.``;
            ``loss_strong``, which is (s_1 + s_2) / 4; and ``confidence``, the
            share of the unlabeled images' pixels that reach the threshold.
        """
        (_, *labeled), (_, unlabeled, samples) = split_by_source(inputs, data_samples)
        losses = weighted(self.segmentor.loss(*labeled), 1 / 2)
        label, sure = self.pseudo_labels(unlabeled, samples)
        views = [self.strong_view(unlabeled, label, sure) for _ in range(2)]
        logits = self.dropped_logits(torch.cat([images for images, *_ in views]))
        s1, s2 = (
            sure_cross_entropy(part, *targets, self.ignore_index)
            for part, (_, *targets) in zip(logits.chunk(2), views)
        )
        return dict(
            add_prefix(losses, 'labeled'),
            loss_strong=(s1 + s2) / 2 / 2,
            confidence=self.confidence(label, sure),
        )

    @torch.no_grad()
    def strong_view(
        self, images: Tensor, label: Tensor, sure: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Augmented images, pasted onto one another with their labels.

        Args:
            images (Tensor): (N, 3, H, W), normalized.
            label (Tensor): (N, H, W), int64.
            sure (Tensor): (N, H, W), bool.

        Returns:
            tuple: As the arguments.
        """
        mask = self.mask(label)
        images = self.augmented(images, self.augmentation)
        images, label, sure = (mix_with_next(mask, x) for x in (images, label, sure))
        return images, label, sure

    def dropped_logits(self, images: Tensor) -> Tensor:
        """The logits of two views with complementary dropout before the decoder.

        Args:
            images (Tensor): (2N, 3, H, W), one view after the other.

        Returns:
            Tensor: (2N, C, H, W).
        """
        encoder = self.segmentor.backbone
        if self.segmentor.with_neck:
            encoder = self.segmentor.neck
        with encoder.register_forward_hook(
            lambda module, args, features: complementary_dropout(
                features, len(images) // 2
            )
        ):
            return full_logits(self.segmentor, images)


def sure_cross_entropy(
    logits: Tensor, label: Tensor, sure: Tensor, ignore_index: int
) -> Tensor:
    """The sum over the sure pixels, divided by the number of pixels with a label.

    Args:
        logits (Tensor): (N, C, H, W).
        label (Tensor): (N, H, W), int64.
        sure (Tensor): (N, H, W), bool.
        ignore_index (int): The value of pixels without a label.

    Returns:
        Tensor: A scalar; 0 if no pixel has a label.
    """
    learned = label.masked_fill(~sure, ignore_index)
    total = F.cross_entropy(logits, learned, ignore_index=ignore_index, reduction='sum')
    return total / (label != ignore_index).sum().clamp(min=1)
