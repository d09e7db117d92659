"""Sampling in which every draw is independent of the others.

A draw has a data set, an image and the seed of the image's augmentation. All three are
functions of the stage's seed and of the position in the sampling order.
So neither the number of workers nor an interruption changes what a training
sees, and a resumed training starts at its position without replaying data.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler

from mmseg_gist.utils import derive_seed, seeded


class Draw(NamedTuple):
    """One image of one batch.

    Attributes:
        source (int): Which of the data sets, 0 is the first.
        index (int): Which image of it.
        seed (int): Seed of the image's augmentation.
    """

    source: int
    index: int
    seed: int


def draws(
    sizes: Sequence[int],
    batch_sizes: Sequence[int],
    seed: int,
    choose: float | None = None,
    start: int = 0,
    rank: int = 0,
    world_size: int = 1,
) -> Iterator[list[Draw]]:
    """The draws of each iteration from ``start`` on, without end.

    Each data set is repeated, each time in a new random order. With ``choose``, each
    iteration skips the images of the data set from which it does not draw.

    Args:
        sizes: Number of images of each data set.
        batch_sizes: Images drawn from each data set in an iteration.
        seed: The stage's seed.
        choose: If given, an iteration draws from one data set only: from the first with
            this probability, else from the second.
        start: First iteration.
        rank: This process among ``world_size`` that share the images.
        world_size: Number of processes.

    Yields:
        The draws of one iteration, data set by data set.
    """
    orders = {}
    iteration = start
    while True:
        sources = range(len(sizes))
        if choose is not None:
            uniform = derive_seed(seed, 'choose', iteration) / 2**32
            sources = [0 if uniform < choose else 1]
        batch = []
        for source in sources:
            batch_size = batch_sizes[source]
            first = (iteration * world_size + rank) * batch_size
            for position in range(first, first + batch_size):
                epoch, place = divmod(position, sizes[source])
                if orders.get(source, (None,))[0] != epoch:
                    generator = torch.Generator()
                    generator.manual_seed(derive_seed(seed, 'order', source, epoch))
                    order = torch.randperm(sizes[source], generator=generator)
                    orders[source] = epoch, order.tolist()
                index = orders[source][1][place]
                batch.append(
                    Draw(source, index, derive_seed(seed, 'draw', source, position))
                )
        yield batch
        iteration += 1


@DATASETS.register_module()
class DrawDataset(Dataset):
    """Data sets that are indexed by :class:`Draw`.

    The sample's ``source`` (metainfo of its data sample) is the kind of data set it
    came from.

    Args:
        datasets (list[dict]): Configs of the data sets. The first one's
            metainfo is that of the whole.
        sources (Sequence[int]): The ``source`` of the samples of each data set: 0 for
            human labels, 1 for no labels or pseudo-labels.
            Defaults to ``(0, 1)``.
    """

    def __init__(self, datasets: list[dict], sources: Sequence[int] = (0, 1)) -> None:
        self.sources = sources
        self.datasets = [DATASETS.build(dataset) for dataset in datasets]
        self.metainfo = self.datasets[0].metainfo

    def __len__(self) -> int:
        return sum(map(len, self.datasets))

    def __getitem__(self, draw: Draw) -> dict:
        with seeded(draw.seed):
            sample = self.datasets[draw.source][draw.index]
        sample['data_samples'].set_metainfo(dict(source=self.sources[draw.source]))
        return sample


@DATA_SAMPLERS.register_module()
class DrawSampler(Sampler):
    """Yields the draws of this process, see :func:`draws`.

    ``start``, the first iteration, may be set before iterating.

    Args:
        dataset (DrawDataset): What to draw from.
        batch_sizes (Sequence[int]): Images drawn from each data set in an iteration.
        seed (int): The stage's seed.
        choose (float, optional): See :func:`draws`.
    """

    def __init__(
        self,
        dataset: DrawDataset,
        batch_sizes: Sequence[int],
        seed: int,
        choose: float | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_sizes = batch_sizes
        self.seed = seed
        self.choose = choose
        self.start = 0

    def __iter__(self) -> Iterator[Draw]:
        rank, world_size = get_dist_info()
        sizes = [len(dataset) for dataset in self.dataset.datasets]
        for batch in draws(
            sizes,
            self.batch_sizes,
            self.seed,
            self.choose,
            self.start,
            rank,
            world_size,
        ):
            yield from batch

    def __len__(self) -> int:
        return len(self.dataset)
