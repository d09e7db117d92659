import torch
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn
from torch.nn import functional as F

from .semi_segmentor import SemiSegmentor, full_logits, not_padded, split_by_source


@MODELS.register_module()
class S4GAN(SemiSegmentor):
    """S4GAN (https://arxiv.org/abs/1908.05724) around any segmentor.

    A discriminator distinguishes human label maps from predicted ones. It sees each map
    together with its image. The segmentor learns from

    - ``CE(labeled)``, its own loss;
    - feature matching, Eq. 3: ``weight_fm * mean |E[f(human)] - E[f(predicted)]|``,
      where f are the discriminator's features and E is the mean over the batch;
    - self-training, Eq. 4: ``weight_st * CE`` on each whole unlabeled image
      whose score exceeds the threshold, with the prediction as label.

    The discriminator learns ``(BCE(human, 1) + BCE(predicted, 0)) / 2``. Both
    learn in the same step, :class:`mmseg_gist.engine.optim.JointOptimWrapper`;
    gradients of one's losses do not reach the other.

    A batch holds labeled (source 0) and unlabeled images (source 1).

    Args:
        segmentor (dict): Config of any mmseg segmentor with ``num_classes``.
        discriminator (dict, optional): Config of the discriminator. Defaults to
            ``dict(type='S4GANDiscriminator')``. Its ``in_channels`` defaults to the
            number of classes plus the channels that the backbone's first convolution
            takes.
        weight_fm (float): Defaults to 0.1.
        weight_st (float): Defaults to 1.
        threshold (float): In [0, 1]. Defaults to 0.6.
        ignore_index (int, optional): The label of padded pixels. Defaults to the one
            that the segmentor's loss ignores.
        data_preprocessor (dict, optional): See :class:`SemiSegmentor`.
    """

    optim_wrapper_constructor = 'S4GANOptimWrapperConstructor'

    def __init__(
        self,
        segmentor: dict,
        discriminator: dict | None = None,
        weight_fm: float = 0.1,
        weight_st: float = 1.0,
        threshold: float = 0.6,
        ignore_index: int | None = None,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(segmentor, data_preprocessor)
        self.num_classes = self.segmentor.num_classes
        in_channels = self.num_classes + image_channels(self.segmentor.backbone)
        discriminator = discriminator or dict(type='S4GANDiscriminator')
        self.discriminator = MODELS.build({'in_channels': in_channels, **discriminator})
        self.weight_fm = weight_fm
        self.weight_st = weight_st
        self.threshold = threshold
        self.ignore_index = self.ignored_label if ignore_index is None else ignore_index

    @property
    def learner(self) -> nn.Module:
        return self  # its constructor takes both parts

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """The losses of both optimizers.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (list): N samples with the metainfo ``source``; those
                of source 0 with ``gt_sem_seg``.

        Returns:
            dict: The segmentor's losses on labeled images, ``loss_fm``,
            ``loss_st``, ``selected`` (share of the unlabeled images that
            self-training uses) and, for the discriminator,
            ``discriminator.loss_human`` and ``discriminator.loss_predicted``.
        """
        (_, labeled, samples), (_, unlabeled, others) = split_by_source(
            inputs, data_samples
        )
        losses = dict(self.segmentor.loss(labeled, samples))
        logits = full_logits(self.segmentor, unlabeled)
        shown = not_padded(unlabeled, others)
        label = torch.stack([sample.gt_sem_seg.data[0] for sample in samples])
        human = with_image(one_hot(label, self.num_classes), labeled)
        predicted = with_image(logits.softmax(dim=1) * shown[:, None], unlabeled)

        human_score, human_features = self.discriminator(human)
        score, features = frozen(self.discriminator, predicted)
        distance = human_features.detach().mean(dim=0) - features.mean(dim=0)
        losses['loss_fm'] = self.weight_fm * distance.abs().mean()

        selected = score.detach().sigmoid() > self.threshold
        learned = logits.argmax(dim=1)
        learned[~(shown & selected[:, None, None])] = self.ignore_index
        losses['loss_st'] = self.weight_st * mean_cross_entropy(
            logits, learned, self.ignore_index
        )
        losses['selected'] = selected.float().mean()

        score, _ = self.discriminator(predicted.detach())
        losses['discriminator.loss_human'] = bce(human_score, 1) / 2
        losses['discriminator.loss_predicted'] = bce(score, 0) / 2
        return losses

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[dict, dict]:
        """Like mmengine's, but with one loss for each of the two optimizers.

        Returns:
            tuple[dict, dict]: Scalars for ``segmentor`` and ``discriminator``,
            and what is logged.
        """
        _, logged = super().parse_losses(losses)
        ours = {k: v for k, v in losses.items() if not k.startswith('discriminator.')}
        others = {k: v for k, v in losses.items() if k not in ours}
        total = dict(
            segmentor=super().parse_losses(ours)[0],
            discriminator=super().parse_losses(others)[0],
        )
        return total, logged


def image_channels(backbone: nn.Module) -> int:
    """The channels of the images that a backbone takes; 3 if it has no Conv2d."""
    layers = (m for m in backbone.modules() if isinstance(m, nn.Conv2d))
    return getattr(next(layers, None), 'in_channels', 3)


def with_image(maps: Tensor, images: Tensor) -> Tensor:
    """A discriminator's input: class maps and the images, scaled to [0, 1].

    Args:
        maps (Tensor): (N, C, H, W), probabilities.
        images (Tensor): (N, 3, H, W); the least and the largest value in the batch
            become 0 and 1.

    Returns:
        Tensor: (N, C + 3, H, W).
    """
    low, high = images.aminmax()
    return torch.cat([maps, (images - low) / (high - low).clamp(min=1e-6)], dim=1)


def one_hot(label: Tensor, num_classes: int) -> Tensor:
    """Probabilities of a label map, all 0 at ignored pixels.

    Args:
        label (Tensor): (N, H, W), classes 0..C-1; others are ignored.
        num_classes (int): C.

    Returns:
        Tensor: (N, C, H, W), float.
    """
    classes = torch.arange(num_classes, device=label.device)
    return (label[:, None] == classes[:, None, None]).float()


def frozen(module: nn.Module, inputs: Tensor):
    """The module's output, with gradients for the inputs but not for its parameters."""
    parameters = {name: p.detach() for name, p in module.named_parameters()}
    return torch.func.functional_call(module, parameters, (inputs,))


def bce(scores: Tensor, target: float) -> Tensor:
    """Mean binary cross entropy of logits (N, ) with one target for all."""
    return F.binary_cross_entropy_with_logits(
        scores, torch.full_like(scores, float(target))
    )


def mean_cross_entropy(logits: Tensor, label: Tensor, ignore_index: int) -> Tensor:
    """The mean over the pixels that are not ignored, 0 if all are ignored.

    Args:
        logits (Tensor): (N, C, H, W).
        label (Tensor): (N, H, W), int64.
        ignore_index (int): The label of ignored pixels.
    """
    total = F.cross_entropy(logits, label, ignore_index=ignore_index, reduction='sum')
    return total / (label != ignore_index).sum().clamp(min=1)
