"""The peak memory of a stage."""

import re
from pathlib import Path

import torch

STATUS = Path('/proc/self/status')
CLEAR = Path('/proc/self/clear_refs')


def reset_peak_memory() -> None:
    """Resets the peaks, if the system can do so (Linux)."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        CLEAR.write_text('5')
    except OSError:
        pass


def peak_memory() -> dict[str, int]:
    """``host``, of this process without its workers, and ``gpu``, both in MiB.

    Unknown values are left out.
    """
    peak = {}
    if STATUS.exists() and (found := re.search(r'VmHWM:\s+(\d+)', STATUS.read_text())):
        peak['host'] = int(found[1]) >> 10
    if torch.cuda.is_available():
        peak['gpu'] = torch.cuda.max_memory_allocated() >> 20
    return peak
