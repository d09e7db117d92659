import hashlib
import multiprocessing
import os
import random

import numpy as np
import pytest
import torch

from mmseg_gist.utils import UserError, atomic_path, derive_seed, seeded


def draw_three():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_user_error_is_a_value_error():
    assert issubclass(UserError, ValueError)


def test_a_seed_is_the_digest_of_its_parts():
    digest = hashlib.blake2b(b'7/LP/draw', digest_size=4).hexdigest()
    assert derive_seed(7, 'LP', 'draw') == int(digest, 16)


def test_a_seed_depends_on_every_part_and_their_order():
    parts = [(), (0,), (1,), (0, 1), (1, 0), (10,), (0, 'L'), (0, 'P'), (0, 'LP')]
    assert len({derive_seed(*part) for part in parts}) == len(parts)


def test_numpy_takes_every_seed():
    seeds = [derive_seed(i) for i in range(1000)]
    assert 0 <= min(seeds) < 2**23 and 2**32 - 2**23 < max(seeds) < 2**32
    np.random.RandomState(max(seeds))


def test_seeded_numbers_follow_from_the_seed_alone():
    with seeded(3):
        first = draw_three()
    draw_three()
    with seeded(3):
        assert draw_three() == first
    with seeded(4):
        other = draw_three()
    assert all(a != b for a, b in zip(first, other))


@pytest.mark.parametrize('failing', [False, True])
def test_seeded_leaves_the_generators_as_they_were(failing):
    def reset():
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)

    reset()
    expected = draw_three()
    reset()
    try:
        with seeded(3):
            draw_three()
            if failing:
                raise KeyError
    except KeyError:
        pass
    assert draw_three() == expected


def test_seeded_nests():
    with seeded(1):
        draw_three()
        second = draw_three()
    with seeded(1):
        draw_three()
        with seeded(2):
            draw_three()
        assert draw_three() == second


def test_atomic_path_puts_the_whole_file_in_place(tmp_path):
    file = tmp_path / 'new' / 'image.png'
    with atomic_path(file) as temporary:
        assert temporary.parent == file.parent  # else it may be another disk
        assert temporary.suffix == '.png'  # writers choose the format by it
        temporary.write_text('whole')
        assert not file.exists()
    assert os.listdir(file.parent) == ['image.png']
    assert file.read_text() == 'whole'


@pytest.mark.parametrize('error', [OSError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file_alone(tmp_path, error):
    file = tmp_path / 'record.json'
    file.write_text('old')
    with pytest.raises(error):
        with atomic_path(file) as temporary:
            temporary.write_text('ne')
            raise error
    assert os.listdir(tmp_path) == ['record.json']
    assert file.read_text() == 'old'


def test_a_failure_before_the_first_byte_is_the_writers_own(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with atomic_path(tmp_path / 'a.txt'):
            raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def die_while_writing(file):
    with atomic_path(file) as temporary:
        temporary.write_text('ne')
        os._exit(9)


def test_a_killed_writer_leaves_the_old_file_alone(tmp_path):
    file = tmp_path / 'record.json'
    file.write_text('old')
    process = multiprocessing.get_context('fork').Process(
        target=die_while_writing, args=(file,)
    )
    process.start()
    process.join()
    assert process.exitcode == 9
    assert file.read_text() == 'old'
    with atomic_path(file) as temporary:  # what was left behind does not matter
        temporary.write_text('new')
    assert file.read_text() == 'new'


def test_processes_that_write_one_file_have_temporary_files_of_their_own(tmp_path):
    def name_in_other_process(queue):
        with atomic_path(tmp_path / 'a.png') as temporary:
            temporary.touch()
            queue.put(str(temporary))

    context = multiprocessing.get_context('fork')
    queue = context.SimpleQueue()
    process = context.Process(target=name_in_other_process, args=(queue,))
    process.start()
    process.join()
    with atomic_path(tmp_path / 'a.png') as temporary:
        temporary.touch()
    assert str(temporary) != queue.get()
