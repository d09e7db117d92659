from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import OptSampleList, SampleList
from torch import Tensor, nn


class SemiSegmentor(BaseModel):
    """A segmentor in training, with helpers that only training needs.

    Its ``state_dict`` is that of the plain segmentor, and it loads one. Modules that
    subclasses add beside ``segmentor`` (teachers, discriminators) are not in it; hooks
    save them. Predictions are the segmentor's.

    Args:
        segmentor (dict): Config of any mmseg segmentor.
        data_preprocessor (dict, optional): Used if the segmentor's config has
            none of its own.
    """

    def __init__(self, segmentor: dict, data_preprocessor: dict | None = None):
        if data_preprocessor is not None:
            segmentor = {'data_preprocessor': data_preprocessor, **segmentor}
        segmentor = MODELS.build(segmentor)
        super().__init__(data_preprocessor=segmentor.data_preprocessor)
        self.segmentor = segmentor
        self._register_state_dict_hook(_keep_segmentor)
        self._register_load_state_dict_pre_hook(self._add_helpers)

    def _add_helpers(self, state_dict: dict, prefix: str, *args) -> None:
        for key in [key for key in state_dict if key.startswith(prefix)]:
            new_key = f'{prefix}segmentor.{key[len(prefix) :]}'
            state_dict[new_key] = state_dict.pop(key)
        for name, module in self.named_children():
            if name != 'segmentor':
                for key, value in module.state_dict().items():
                    state_dict[f'{prefix}{name}.{key}'] = value

    @property
    def learner(self) -> nn.Module:
        """nn.Module: The part that the optimizer's constructor gets."""
        return self.segmentor

    @property
    def ignored_label(self) -> int:
        """int: The label that the segmentor's loss ignores."""
        head = getattr(self.segmentor, 'decode_head', None)
        head = head[-1] if isinstance(head, nn.ModuleList) else head
        return getattr(head, 'ignore_index', 255)

    def init_weights(self) -> None:
        self.segmentor.init_weights()

    def forward(
        self, inputs: Tensor, data_samples: OptSampleList = None, mode: str = 'tensor'
    ):
        """Same as :meth:`mmseg.models.BaseSegmentor.forward`."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        return self.segmentor(inputs, data_samples, mode)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        return self.segmentor.loss(inputs, data_samples)

    def augmented(self, inputs: Tensor, augmentation: Callable | None) -> Tensor:
        """The images after an augmentation, which gets them in [0, 255].

        Args:
            inputs (Tensor): (N, C, H, W), normalized if the data preprocessor does.
            augmentation (Callable, optional): From (N, C, H, W) to the same. None for
                no augmentation.

        Returns:
            Tensor: (N, C, H, W), as the inputs.
        """
        if augmentation is None:
            return inputs
        mean = getattr(self.data_preprocessor, 'mean', 0)
        std = getattr(self.data_preprocessor, 'std', 1)
        return (augmentation(inputs * std + mean) - mean) / std


def _keep_segmentor(module: nn.Module, state_dict: dict, prefix: str, *args) -> None:
    """Drops every key but the segmentor's and removes their prefix."""
    ours = f'{prefix}segmentor.'
    for key in [key for key in state_dict if key.startswith(prefix)]:
        value = state_dict.pop(key)
        if key.startswith(ours):
            state_dict[prefix + key[len(ours) :]] = value


def split_by_source(
    inputs: Tensor, data_samples: SampleList
) -> list[tuple[int, Tensor, SampleList]]:
    """The parts of a batch that came from different data sets.

    Args:
        inputs (Tensor): (N, 3, H, W).
        data_samples (list): N samples, whose metainfo ``source`` is the data set (see
            :class:`mmseg_gist.datasets.DrawDataset`).

    Returns:
        list[tuple]: source, inputs and samples of each part, by source.
    """
    sources = [sample.metainfo['source'] for sample in data_samples]
    parts = []
    for source in sorted(set(sources)):
        chosen = [i for i, other in enumerate(sources) if other == source]
        parts.append((source, inputs[chosen], [data_samples[i] for i in chosen]))
    return parts


def with_labels(data_samples: SampleList, labels: Tensor) -> SampleList:
    """Samples like these with other labels.

    Args:
        data_samples (list): N samples.
        labels (Tensor): (N, H, W), int64.
    """
    return [
        SegDataSample(metainfo=sample.metainfo, gt_sem_seg=PixelData(data=label[None]))
        for sample, label in zip(data_samples, labels)
    ]


def weighted(losses: dict[str, Tensor], weight: float | Tensor) -> dict[str, Tensor]:
    """A segmentor's losses times a weight; values that it only logs do not change."""
    return {
        name: value * weight if 'loss' in name else value
        for name, value in losses.items()
    }


def full_logits(segmentor: nn.Module, inputs: Tensor) -> Tensor:
    """A segmentor's logits at the size of its input.

    Args:
        segmentor (nn.Module): Any mmseg segmentor.
        inputs (Tensor): (N, 3, H, W), normalized.

    Returns:
        Tensor: (N, C, H, W). mmseg's heads with one channel give the logit of the
        second of two classes; for them it is (N, 2, H, W).
    """
    size = inputs.shape[2:]
    with answering_as_in_prediction(segmentor):
        logits = segmentor.encode_decode(inputs, [dict(img_shape=size)] * len(inputs))
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    return logits


@contextmanager
def answering_as_in_prediction(segmentor: nn.Module) -> Iterator[None]:
    """Makes backbone and heads return what they return in prediction, while they train.

    In training, some of mmseg's return other outputs (DDRNet, PIDNet, KNet). The
    modules inside them, such as BatchNorm and dropout, keep their mode.
    """
    parts = []
    for part in segmentor.children():
        parts += part if isinstance(part, nn.ModuleList) else [part]
    modes = [part.training for part in parts]
    for part in parts:
        part.training = False
    try:
        yield
    finally:
        for part, mode in zip(parts, modes):
            part.training = mode


def not_padded(inputs: Tensor, data_samples: SampleList) -> Tensor:
    """The pixels that show an image; the preprocessor pads below and right of it.

    Args:
        inputs (Tensor): (N, 3, H, W).
        data_samples (list): N samples, whose metainfo ``img_shape`` is the
            (height, width) before padding.

    Returns:
        Tensor: (N, H, W), bool.
    """
    shown = inputs.new_zeros(len(inputs), *inputs.shape[2:], dtype=torch.bool)
    for one, sample in zip(shown, data_samples):
        height, width = sample.metainfo['img_shape'][:2]
        one[:height, :width] = True
    return shown
