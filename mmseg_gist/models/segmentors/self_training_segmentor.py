from copy import deepcopy

import torch
from mmseg.registry import MODELS
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn

from mmseg_gist.models.utils import build_mask, mix_with_next
from mmseg_gist.utils import UserError

from .semi_segmentor import SemiSegmentor, split_by_source, weighted, with_labels


@MODELS.register_module()
class SelfTrainingSegmentor(SemiSegmentor):
    """The loss of a self-training stage around any segmentor with a backbone.

    A batch with one kind of label has the segmentor's own loss. In a mixed batch, human
    labels (source 0) and pseudo-labels (source 1) are averaged separately and weighted,
    Eq. 2: ``alpha * CE(labeled) + (1 - alpha) * CE(pseudo)``.

    ``consistency`` adds the mean-teacher loss on the backbone's last features (Eq. 4 to
    8), on all images of the batch. The student's
    features are those that its segmentation loss computed; the teacher runs
    its backbone only, without gradient and in eval mode.
    :class:`mmseg_gist.engine.hooks.MeanTeacherHook` updates it.

    With ``perturbation``, the pseudo-labeled images of a batch are pasted onto one
    another together with their labels and then augmented, with the same parts as in
    :class:`ClassMix`. Images with human labels do not change.

    Args:
        segmentor (dict): Config of any mmseg segmentor.
        alpha (float): Weight of the human labels in mixed batches, in (0, 1).
        consistency (dict, optional): Config of the consistency loss.
        perturbation (dict, optional): ``mask`` and ``augmentation``, configs as
            in :class:`ClassMix`; either may be missing.
        data_preprocessor (dict, optional): See :class:`SemiSegmentor`.
    """

    def __init__(
        self,
        segmentor: dict,
        alpha: float = 0.5,
        consistency: dict | None = None,
        perturbation: dict | None = None,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(segmentor, data_preprocessor)
        self.weights = {0: alpha, 1: 1 - alpha}
        self.perturbation = {
            name: build_mask(part, self.ignored_label)
            if name == 'mask'
            else MODELS.build(part)
            for name, part in (perturbation or {}).items()
        }
        self.consistency = None
        if consistency is not None:
            self.consistency = MODELS.build(consistency)
            self.teacher = deepcopy(self.student).requires_grad_(False)

    @property
    def student(self) -> nn.Module:
        """nn.Module: The module whose average the teacher is."""
        return self.segmentor.backbone

    def train(self, mode: bool = True):
        super().train(mode)
        if self.consistency is not None:
            self.teacher.eval()
        return self

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """The losses of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples with ``gt_sem_seg`` and the metainfo
                ``source``.

        Returns:
            dict: The segmentor's losses (prefixed with ``labeled.`` and
            ``pseudo.`` in mixed batches) and ``loss_consistency``.

        Raises:
            UserError: The backbone's last features differ in training and prediction.
        """
        parts = [
            (source, *(self.perturbed(*part) if source == 1 else part))
            for source, *part in split_by_source(inputs, data_samples)
        ]
        if self.consistency is None:
            return self._segmentation_loss(parts)
        # before the student, which then reuses this memory
        with torch.no_grad():
            teacher = _last(self.teacher(torch.cat([part[1] for part in parts])))
        features = []
        handle = self.student.register_forward_hook(
            lambda module, args, output: features.append(_last(output))
        )
        try:
            losses = self._segmentation_loss(parts)
        finally:
            handle.remove()
        student = torch.cat(features)
        if student.shape != teacher.shape:
            raise UserError(
                f'the last features of {type(self.student).__name__} have shape '
                f'{tuple(student.shape)} in training, but {tuple(teacher.shape)} '
                'otherwise, so a consistency loss is impossible: set '
                'train_cfg.consistency=None'
            )
        losses['loss_consistency'] = self.consistency(student, teacher)
        return losses

    @torch.no_grad()
    def perturbed(
        self, inputs: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, SampleList]:
        """Pseudo-labeled images, pasted onto one another and augmented.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples with ``gt_sem_seg``.

        Returns:
            tuple: As the arguments.
        """
        if 'mask' in self.perturbation:
            labels = torch.stack([sample.gt_sem_seg.data[0] for sample in data_samples])
            mask = self.perturbation['mask'](labels)
            inputs = mix_with_next(mask, inputs)
            data_samples = with_labels(data_samples, mix_with_next(mask, labels))
        inputs = self.augmented(inputs, self.perturbation.get('augmentation'))
        return inputs, data_samples

    def _segmentation_loss(self, parts: list) -> dict[str, Tensor]:
        if len(parts) == 1:
            return self.segmentor.loss(*parts[0][1:])
        losses = {}
        for source, inputs, data_samples in parts:
            part = self.segmentor.loss(inputs, data_samples)
            part = weighted(part, self.weights[source])
            losses.update(add_prefix(part, ('labeled', 'pseudo')[source]))
        return losses


def _last(features) -> Tensor:
    """The last feature map of a backbone's output."""
    return features if isinstance(features, Tensor) else features[-1]
