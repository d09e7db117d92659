"""The examples of CONTRIBUTING.md do what the page says."""

import re
import shutil
from pathlib import Path

import mmseg
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from play_policy import play
from shipped_configs import FOLDER, stage_of
from tiny import ROOT

from mmseg_gist.self_training import POLICIES
from mmseg_gist.self_training.path import from_name, to_name

PAGE = (ROOT / 'CONTRIBUTING.md').read_text()
POLICY, MODEL = re.findall(r'```python\n(.*?)```', PAGE, re.S)


@pytest.fixture(scope='module', autouse=True)
def policy():
    exec(POLICY, {})
    yield
    POLICIES.module_dict.pop('UntilWorse')


@pytest.mark.parametrize(
    'num_stages, scores, expected',
    [
        (8, dict(P=45, PL=55, PLP=50, PLPL=54), 'P PL PLP PLPL'),
        (8, dict(P=60, PL=50), 'P PL'),
        (3, dict(P=45, PL=55, PLP=50), 'P PL PLP'),
        (8, dict(P=45, PL=55, PLP=None), 'P PL PLP'),
    ],
)
def test_the_policy(num_stages, scores, expected):
    policy = POLICIES.build(dict(type='UntilWorse', num_stages=num_stages))
    known = {from_name('0'): 50}
    trained = []
    for path in play(policy, known, limit=9):
        trained.append(to_name(path))
        known[path] = scores[trained[-1]]
    assert trained == expected.split()


def test_the_model(tmp_path):
    """Its config is beside bases of which one is mmseg's own, copied."""
    shutil.copytree(FOLDER / '_base_', tmp_path / '_base_')
    (name,) = re.findall(r'^cp \$models/(\S+)', PAGE, re.M)
    models = Path(mmseg.__path__[0], '.mim/configs/_base_/models')
    shutil.copy(models / name, tmp_path / '_base_/models')
    (tmp_path / 'gist').mkdir()
    (tmp_path / 'gist/new.py').write_text(MODEL)
    stage = stage_of(str(tmp_path / 'gist/new'), 'P')
    assert stage.model.type == 'SelfTrainingSegmentor'
    init_default_scope('mmseg')
    model = MODELS.build(stage.model).segmentor.eval()
    images, size = torch.rand(1, 3, 33, 45), dict(img_shape=(33, 45))
    assert model.encode_decode(images, [size]).shape == (1, 11, 33, 45)
    assert model.decode_head.loss_decode.avg_non_ignore
    assert model.data_preprocessor.size == (193, 193)
