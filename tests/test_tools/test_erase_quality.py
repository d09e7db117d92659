"""tools/analysis/erase_quality.py by hand; test_experiment.py calls it on a run."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from mmseg_gist.datasets.transforms import LabelErase
from mmseg_gist.evaluation.pseudo_label_writer import write_pseudo_label
from mmseg_gist.utils import UserError

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis/erase_quality.py'


@pytest.fixture
def functions():
    return runpy.run_path(str(TOOL))


def test_counts_and_percents_by_hand(functions, tmp_path):
    """A row of 20 pixels: 10 of class 0, 10 of class 1, of which the last is ignored.

    The border is pixels 6 to 13, and 15 to 18 beside the ignored one. The label gives
    pixels 10 and 11 to class 0. The model is unsure (below 100) of pixels 8 to 11.
    """
    human = np.array([[0] * 10 + [1] * 9 + [255]], np.uint8)
    label = np.array([[0] * 12 + [1] * 8], np.uint8)
    confidence = np.full((1, 20), 200, np.uint8)
    confidence[0, 8:12] = 50
    file = str(tmp_path / 'a.png')
    write_pseudo_label(file, label, confidence, [0, 0, 0, 9, 9, 9])
    erases = [LabelErase(threshold=0.4), LabelErase(threshold=0)]
    counts, all_kept = functions['counts_of_image'](human, file, erases, 2)
    assert counts.tolist() == [
        [[12, 7], [8, 7], [8, 7]],  # pixels 0 to 18
        [[6, 6], [2, 6], [2, 6]],  # 6 to 13, 15 to 18
    ]
    assert functions['percents'](counts) == pytest.approx(
        {
            'kept': 100 * 15 / 19,
            'right': 100,
            'right, mean of classes': 100,
            'borders kept': 100 * 8 / 12,
            'right there': 100,
        }
    )
    shares = functions['percents'](all_kept)
    assert shares['right'] == pytest.approx(100 * 17 / 19)
    assert shares['right, mean of classes'] == pytest.approx(100 * (10 / 12 + 1) / 2)
    assert shares['right there'] == pytest.approx(100 * 10 / 12)


def test_regions_are_erased_as_a_whole(functions, tmp_path):
    """The mean of class 0 is (8 x 200 + 4 x 50) / 12 = 150."""
    human = np.array([[0] * 10 + [1] * 10], np.uint8)
    label = np.array([[0] * 12 + [1] * 8], np.uint8)
    confidence = np.full((1, 20), 200, np.uint8)
    confidence[0, 8:12] = 50
    file = str(tmp_path / 'a.png')
    write_pseudo_label(file, label, confidence, [0, 0, 0, 9, 9, 9])
    for threshold, kept in ((0.58, 12), (0.6, 0)):
        erase = LabelErase(threshold=threshold, regions=True)
        (counts,) = functions['counts_of_image'](human, file, [erase], 2)
        assert counts[0, 1].tolist() == [kept, 8]


def test_label_erase_on_the_command_line(functions):
    assert functions['arguments_of']('keep=0.7,regions=True') == dict(
        type='LabelErase', keep=0.7, regions=True
    )
    for text in ('0.7', 'keep=a b', 'keep=x'):
        with pytest.raises(UserError, match='write it like keep=0.7,regions=True'):
            functions['arguments_of'](text)
