import itertools
import random
from collections import Counter

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATA_SAMPLERS, DATASETS
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader

from mmseg_gist.datasets.draws import Draw, DrawDataset, DrawSampler, draws
from mmseg_gist.utils import derive_seed


def first(number, sizes, batch_size, *args, **kwargs):
    """The draws of the first iterations, of each data set as many."""
    drawn = draws(sizes, [batch_size] * len(sizes), *args, **kwargs)
    return list(itertools.islice(drawn, number))


def flat(batches):
    return [draw for batch in batches for draw in batch]


# ----------------------------------------------------------------- the order


@pytest.mark.parametrize('batch_size', [1, 3, 7, 16])
def test_each_epoch_is_a_new_permutation(batch_size):
    size, epochs = 7, 6
    number = -(-size * epochs // batch_size)
    indices = [draw.index for draw in flat(first(number, [size], batch_size, 0))]
    orders = [tuple(indices[i * size : (i + 1) * size]) for i in range(epochs)]
    assert all(sorted(order) == list(range(size)) for order in orders)
    assert len(set(orders)) == epochs


def test_the_order_does_not_depend_on_the_batch_size():
    assert flat(first(14, [7], 1, 0)) == flat(first(7, [7], 2, 0))


def test_orders_are_random():
    """Each of the 6 orders of three images comes up as often."""
    orders = Counter(
        tuple(draw.index for draw in batch) for batch in first(6000, [3], 3, 0)
    )
    assert sorted(orders) == sorted(itertools.permutations(range(3)))
    assert all(abs(count - 1000) < 150 for count in orders.values())  # 5 deviations


def test_every_data_set_gives_its_images_to_each_batch():
    for batch in first(20, [5, 9], 2, 0):
        assert [draw.source for draw in batch] == [0, 0, 1, 1]
    batches = first(18, [5, 9], 2, 0)
    for source, size in ((0, 5), (1, 9)):
        ours = [draw.index for draw in flat(batches) if draw.source == source]
        assert sorted(ours[:size]) == list(range(size))


def test_one_data_set_does_not_change_the_draws_of_the_other():
    both = [draw for draw in flat(first(10, [5, 9], 2, 0)) if draw.source == 1]
    other = [draw for draw in flat(first(10, [1, 9], 2, 0)) if draw.source == 1]
    assert both == other


def test_data_sets_give_as_many_as_they_are_asked_for():
    """Each its own draws, whatever the others give."""
    batches = list(itertools.islice(draws([5, 9], [1, 3], 0), 10))
    assert all([draw.source for draw in batch] == [0, 1, 1, 1] for batch in batches)
    for source, batch_size in ((0, 1), (1, 3)):
        ours = [draw for draw in flat(batches) if draw.source == source]
        alike = flat(first(10, [5, 9], batch_size, 0))
        assert ours == [draw for draw in alike if draw.source == source]


def test_a_set_smaller_than_the_batch_is_drawn_again():
    (batch,) = first(1, [2], 5, 0)
    assert Counter(draw.index for draw in batch) in ({0: 3, 1: 2}, {0: 2, 1: 3})


@pytest.mark.parametrize('choose', [None, 0.4])
@pytest.mark.parametrize('start', [1, 3, 50, 1000])
def test_starting_later_is_skipping(start, choose):
    arguments = dict(sizes=[7, 5], batch_size=3, seed=2, choose=choose)
    later = first(20, start=start, **arguments)
    assert later == first(start + 20, **arguments)[start:]


@pytest.mark.parametrize('world_size', [2, 3])
def test_ranks_share_the_positions(world_size):
    """Together they see what one process with their batch size together sees."""
    sizes, per_rank = [7, 5], 2
    ranks = [
        first(12, sizes, per_rank, 0, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    for together, *parts in zip(first(12, sizes, per_rank * world_size, 0), *ranks):
        assert sorted(flat(parts)) == sorted(together)


# ------------------------------------------------------------------ the seeds


def test_every_draw_has_a_seed_of_its_own():
    drawn = flat(first(200, [7, 5], 2, 0))
    assert len({draw.seed for draw in drawn}) == len(drawn) == 800
    assert all(0 <= draw.seed < 2**32 for draw in drawn)


def test_a_seed_is_that_of_the_position():
    drawn = first(3, [7, 5], 2, 11)
    assert drawn[2][1].seed == derive_seed(11, 'draw', 0, 5)
    assert drawn[2][2].seed == derive_seed(11, 'draw', 1, 4)


def test_draws_follow_from_the_stages_seed():
    assert first(30, [7], 2, 0) == first(30, [7], 2, 0)
    one, two = flat(first(30, [7], 2, 0)), flat(first(30, [7], 2, 1))
    assert not {draw.seed for draw in one} & {draw.seed for draw in two}
    assert [draw.index for draw in one] != [draw.index for draw in two]


def test_the_global_generators_play_no_part():
    before = first(10, [7], 2, 0)
    state = torch.get_rng_state()
    torch.manual_seed(123)
    random.seed(123)
    np.random.seed(123)
    assert first(10, [7], 2, 0) == before
    torch.set_rng_state(state)
    first(10, [7], 2, 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_draws_are_the_same_on_any_machine_and_in_any_later_version():
    assert first(2, [4, 3], 2, 0) == [
        [(0, 2, 101398197), (0, 0, 781506909), (1, 1, 3806409860), (1, 2, 2544434346)],
        [(0, 3, 1640017696), (0, 1, 214188168), (1, 0, 2891744977), (1, 0, 2151380909)],
    ]


# -------------------------------------------------------- one kind in a batch


def kinds(number, choose, seed=0, **kwargs):
    batches = first(number, [7, 5], 3, seed, choose, **kwargs)
    assert all(len({draw.source for draw in batch}) == 1 for batch in batches)
    assert all(len(batch) == 3 for batch in batches)
    return [batch[0].source for batch in batches]


@pytest.mark.parametrize('choose', [0.1, 0.5, 0.9])
def test_the_first_data_set_is_chosen_with_its_probability(choose):
    share = kinds(4000, choose).count(0) / 4000
    assert share == pytest.approx(choose, abs=0.032)  # 4 deviations


def test_the_extremes_choose_one_data_set():
    assert set(kinds(200, 1.0)) == {0}
    assert set(kinds(200, 0.0)) == {1}


def test_choices_are_exactly_those_of_the_seed_and_the_iteration():
    expected = [
        0 if derive_seed(6, 'choose', i) < 0.3 * 2**32 else 1 for i in range(100)
    ]
    assert kinds(100, 0.3, seed=6) == expected
    assert {0, 1} == set(expected)


def test_choices_are_drawn_one_by_one():
    chosen = kinds(4000, 0.5)
    pairs = Counter(zip(chosen, chosen[1:]))
    assert all(abs(count - 1000) < 150 for count in pairs.values())


def test_all_ranks_choose_the_same():
    one = kinds(50, 0.5, rank=0, world_size=2)
    assert one == kinds(50, 0.5, rank=1, world_size=2) == kinds(50, 0.5)


# ------------------------------------------------------ the data set, loaded


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def randomness():
    return random.random(), np.random.rand(), torch.rand(()).item()


@pytest.fixture(scope='module')
def registered():
    @DATASETS.register_module()
    class RandomlyAugmented:
        """Tells the image drawn and what random numbers its augmentation got."""

        def __init__(self, size):
            self.size = size
            self.metainfo = dict(classes=('a',) * size)

        def __len__(self):
            return self.size

        def __getitem__(self, index):
            numbers = torch.tensor(
                [index, *randomness(), *randomness()], dtype=torch.double
            )
            return dict(inputs=numbers, data_samples=SegDataSample())

    yield
    DATASETS.module_dict.pop('RandomlyAugmented')


@pytest.fixture
def dataset(registered):
    return DATASETS.build(
        dict(
            type='DrawDataset',
            datasets=[dict(type='RandomlyAugmented', size=n) for n in (5, 7)],
        )
    )


def loaded(dataset, number, num_workers, start=0, **sampler):
    """What a data loader, as mmengine's Runner builds it, gives."""
    sampler = DATA_SAMPLERS.build(
        dict(type='DrawSampler', batch_sizes=[2, 2], seed=4, **sampler),
        default_args=dict(dataset=dataset, seed=0),
    )
    sampler.start = start
    loader = DataLoader(
        dataset,
        batch_size=4,
        sampler=sampler,
        num_workers=num_workers,
        collate_fn=pseudo_collate,
    )
    batches = []
    for batch in itertools.islice(loader, number):
        sources = [sample.metainfo['source'] for sample in batch['data_samples']]
        batches.append((sources, torch.stack(batch['inputs']).tolist()))
    return batches


@pytest.mark.slow
def test_samples_do_not_depend_on_the_workers_or_the_start(dataset):
    alone = loaded(dataset, 8, num_workers=0)
    assert loaded(dataset, 8, num_workers=2) == alone
    assert loaded(dataset, 3, num_workers=1, start=5) == alone[5:]


def test_samples_are_those_drawn(dataset):
    drawn = first(8, [5, 7], 2, 4)
    for (sources, inputs), batch in zip(loaded(dataset, 8, 0), drawn):
        assert sources == [draw.source for draw in batch] == [0, 0, 1, 1]
        assert [numbers[0] for numbers in inputs] == [draw.index for draw in batch]


def test_each_draw_is_augmented_anew(dataset):
    numbers = [
        number
        for _, inputs in loaded(dataset, 20, num_workers=0)
        for _, *of_image in inputs
        for number in of_image
    ]
    assert len(set(numbers)) == len(numbers) == 20 * 4 * 6


def test_loading_leaves_the_generators_as_they_were(dataset):
    def reset():
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)

    reset()
    expected = randomness()
    reset()
    sample = dataset[Draw(1, 6, 99)]
    assert randomness() == expected
    assert sample['inputs'][0] == 6
    assert torch.equal(dataset[Draw(1, 6, 99)]['inputs'], sample['inputs'])
    assert not torch.equal(dataset[Draw(1, 6, 98)]['inputs'], sample['inputs'])


def test_what_a_runner_asks_of_a_data_set(dataset):
    assert isinstance(dataset, DrawDataset)
    assert len(dataset) == 12
    assert dataset.metainfo == dict(classes=('a',) * 5)


def test_the_sampler_takes_its_own_seed(dataset):
    """mmengine's Runner offers one to every sampler."""
    sampler = DATA_SAMPLERS.build(
        dict(type='DrawSampler', batch_sizes=[1, 1], seed=4),
        default_args=dict(dataset=dataset, seed=0),
    )
    assert isinstance(sampler, DrawSampler)
    assert len(sampler) == 12
    assert list(itertools.islice(sampler, 6)) == flat(first(3, [5, 7], 1, 4))


def test_the_sampler_draws_its_ranks_part(dataset, monkeypatch):
    sampler = DrawSampler(dataset, batch_sizes=[2, 2], seed=4, choose=0.5)
    sampler.start = 3
    monkeypatch.setattr('mmseg_gist.datasets.draws.get_dist_info', lambda: (1, 3))
    expected = first(5, [5, 7], 2, 4, 0.5, start=3, rank=1, world_size=3)
    assert list(itertools.islice(sampler, 10)) == flat(expected)
