"""Trains on a disk that fills up at some moments, and has room again after them.

    full_disk.py CONFIG DISK KEPT

Every attempt is a fork of this process, and its status is written to the standard
error. KEPT is where the run is copied that reached its end.
"""

import os
import runpy
import shutil
import sys
from pathlib import Path

import forked  # noqa: F401  (what all attempts import)
from trainings import TRAIN

# before a save, between two labels, before another stage's save
MOMENTS = ('train:2', 'test:5', 'train:5', '')


def attempt(config: str, disk: str, moment: str) -> None:
    child = os.fork()
    if child == 0:
        os.environ.update(FILL_AT=moment, DISK=disk)
        sys.argv[:] = [str(TRAIN), config, '--work-dir', disk, '--resume']
        runpy.run_path(str(TRAIN), run_name='__main__')
        sys.exit()
    _, status = os.waitpid(child, 0)
    print('status', os.waitstatus_to_exitcode(status), file=sys.stderr)


def main(config: str, disk: str, kept: str) -> None:
    for moment in MOMENTS:
        attempt(config, disk, moment)
        Path(disk, 'filled').unlink(missing_ok=True)
    shutil.copytree(disk, kept)


if __name__ == '__main__':
    main(*sys.argv[1:])
