"""Functions that every part of the package may use."""

import copy
import hashlib
import os
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import is_model_wrapper
from torch import nn


class UserError(ValueError):
    """Bad input, described in one readable line.

    The message names the file or the setting at fault and the way out. The
    command line tools print it without a traceback.
    """


def tell_missing(lines: list[str]) -> None:
    """Raises one :class:`UserError` with all lines, if there are any."""
    if len(lines) > 1:
        numbered = (f'({number}) {line}' for number, line in enumerate(lines, 1))
        raise UserError(f'{len(lines)} things are missing: {"; ".join(numbered)}')
    if lines:
        raise UserError(lines[0])


def why(error: Exception, path: str = '') -> str:
    """Says in one line what is wrong with a file, as far as its decoder knows.

    Args:
        error: The decoder's error.
        path: Path of the file.
    """
    if os.path.isfile(path) and not os.path.getsize(path):
        return 'it is empty'
    return ' '.join(str(error).split()) or type(error).__name__


def in_unit_interval(name: str, value: float) -> float:
    """The value of a setting, which must be a number in [0, 1]."""
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise UserError(f'{name} = {value!r} is not a number in [0, 1]')
    return value


def at_least_one(name: str, value: int) -> int:
    """The value of a setting, which must be 1, 2, ..."""
    if not isinstance(value, int) or value < 1:
        raise UserError(f'{name} = {value!r} is not a whole number of at least 1')
    return value


def derive_seed(*parts) -> int:
    """A seed that depends on all of the parts and on nothing else.

    Args:
        *parts: Anything whose ``str`` names it, e.g. ``(run seed, path)``.

    Returns:
        int: In ``[0, 2**32)``, the range that numpy's seeding takes.
    """
    text = '/'.join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest())


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random numbers of ``random``, numpy and torch (CPU) follow from ``seed``.

    Afterward the three generators continue as if nothing had been drawn inside, so
    loading an image in the training process does not affect the model's own randomness.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def unformatted(cfg: Config) -> Config:
    """The config, without formatting when it is written out.

    With many classes, formatting takes seconds, and each stage writes a config several
    times. Only ``Config`` itself has an argument for it; ``Config.fromfile`` passes it
    on for some files only.
    """
    cfg = copy.copy(cfg)
    object.__setattr__(cfg, '_format_python_code', False)
    return cfg


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside, if the given one is wrapped for distributed training."""
    return model.module if is_model_wrapper(model) else model


@contextmanager
def atomic_path(path) -> Iterator[Path]:
    """A temporary path beside ``path`` that becomes ``path`` on success.

    A reader finds the old file or the complete new one, even if the writer is killed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # unlike any other writer's, on this machine or another
    temporary = path.with_name(f'.{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}')
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
