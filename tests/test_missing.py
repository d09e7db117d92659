"""What is missing is told before anything starts, and at once."""

from pathlib import Path

import forked
import pytest
from mmengine.config import Config
from tiny import ROOT, write_tiny
from trainings import TRAIN

from mmseg_gist.missing import check_missing, given_model
from mmseg_gist.utils import UserError

VOC = 'data/VOCdevkit/VOC2012'


def refused(cfg: Config, message: str) -> None:
    with pytest.raises(UserError) as caught:
        check_missing(cfg)
    assert str(caught.value) == message


@pytest.mark.slow
@pytest.mark.parametrize(
    'name, first',
    [
        ('supervised/deeplabv2_voc_1-50', None),
        ('classmix/deeplabv2_voc_1-50_classmix', None),
        ('gist/deeplabv2_voc_1-50_rist', None),
        (
            'gist/deeplabv2_voc_1-50_rist',
            'work_dirs/deeplabv2_voc_1-50_s4gan/best_mIoU_iter_*.pth',
        ),
    ],
)
def test_each_training_of_table_1_names_all_that_it_lacks(name, first, tmp_path):
    config = ROOT / f'configs/{name}.py'
    options = ['--cfg-options', f'load_from={first}'] if first else []
    done = forked.run(TRAIN, config, '--work-dir', 'work', *options, cwd=tmp_path)
    assert done.returncode == 1
    (said,) = (line for line in done.stderr.splitlines() if 'missing' in line)
    parts = [
        f'{VOC}/JPEGImages: no such folder of the labeled set: prepare the data there',
        f'{VOC}/SegmentationClassAug: no such folder of the labeled set',
        'checkpoints/deeplabv2_r101_coco.pth does not exist: put the weights there '
        '(tools/model_converters), or set model.',
    ]
    if first:
        parts.append(
            f'{first} matches no file: correct load_from, or train that model first'
        )
    assert said.startswith(f'{len(parts)} things are missing: (1) ')
    for number, part in enumerate(parts, 1):
        assert f'({number}) {part}' in said


def test_one_thing_that_is_missing_is_told_alone(tmp_path):
    cfg = Config.fromfile(write_tiny(tmp_path))
    check_missing(cfg)
    (tmp_path / 'dev.txt').unlink()
    line = 'no such list of the development images: correct'
    refused(cfg, f'{tmp_path}/dev.txt: {line} val_dataloader.dataset.ann_file')


def test_a_resumed_run_needs_its_first_model_no_more(tmp_path):
    cfg = Config.fromfile(write_tiny(tmp_path))
    cfg.load_from = 'gone.pth'
    refused(
        cfg, 'gone.pth does not exist: correct load_from, or train that model first'
    )
    cfg.resume = True
    check_missing(cfg)


def test_load_from_may_be_a_pattern(tmp_path):
    pattern = str(tmp_path / 'best_mIoU_iter_*.pth')
    with pytest.raises(UserError, match='matches no file: correct load_from'):
        given_model(dict(load_from=pattern))
    files = [Path(pattern.replace('*', number)) for number in ('20', '100')]
    files[0].touch()
    assert given_model(dict(load_from=pattern)) == str(files[0])
    files[1].touch()
    with pytest.raises(UserError, match='matches 2 files .*: set load_from to one'):
        given_model(dict(load_from=pattern))
    # a name is no pattern, whatever is in it
    odd = tmp_path / 'run[1].pth'
    odd.touch()
    assert given_model(dict(load_from=str(odd))) == str(odd)
    assert given_model(dict(load_from=None)) is None
