import sys

import pytest
import torch

from mmseg_gist.self_training.memory import peak_memory, reset_peak_memory


@pytest.mark.skipif(sys.platform != 'linux', reason='the peak is told by Linux alone')
def test_the_peak_of_each_stage_is_its_own():
    reset_peak_memory()
    before = peak_memory()['host']
    much = torch.ones(1 << 28, dtype=torch.uint8)  # 256 MiB
    assert 250 <= peak_memory()['host'] - before <= 300
    del much
    assert peak_memory()['host'] - before >= 250  # the peak stays ...
    reset_peak_memory()
    assert peak_memory()['host'] - before <= 50  # ... until the next stage
