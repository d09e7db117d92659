import importlib.util
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import load_checkpoint
from mmseg.models import EncoderDecoder

from mmseg_gist.utils import UserError

PATH = Path(__file__).parents[2] / 'tools/model_converters/deeplabv2_coco2mmseg.py'
spec = importlib.util.spec_from_file_location(PATH.stem, PATH)
converter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(converter)


def coco_shapes():
    """The 528 tensors of resnet101COCO-41f33a49.pth, written down apart."""

    def norm(name, channels):
        for part in ('weight', 'bias', 'running_mean', 'running_var'):
            yield f'{name}.{part}', (channels,)

    yield 'conv1.weight', (64, 3, 7, 7)
    yield from norm('bn1', 64)
    inputs = 64
    for layer, blocks in enumerate((3, 4, 23, 3), start=1):
        width = 32 * 2**layer
        for block in range(blocks):
            name = f'layer{layer}.{block}'
            yield f'{name}.conv1.weight', (width, inputs, 1, 1)
            yield f'{name}.conv2.weight', (width, width, 3, 3)
            yield f'{name}.conv3.weight', (4 * width, width, 1, 1)
            yield from norm(f'{name}.bn1', width)
            yield from norm(f'{name}.bn2', width)
            yield from norm(f'{name}.bn3', 4 * width)
            if block == 0:
                yield f'{name}.downsample.0.weight', (4 * width, inputs, 1, 1)
                yield from norm(f'{name}.downsample.1', 4 * width)
            inputs = 4 * width
    for branch in range(4):
        yield f'layer5.conv2d_list.{branch}.weight', (21, 2048, 3, 3)
        yield f'layer5.conv2d_list.{branch}.bias', (21,)


@pytest.fixture
def tensors():
    """Each tensor is filled with its own number, stored once."""
    return {
        name: torch.tensor(float(number)).expand(shape)
        for number, (name, shape) in enumerate(coco_shapes())
    }


def convert(tensors, tmp_path):
    src, dst = tmp_path / 'coco.pth', tmp_path / 'new' / 'mmseg.pth'
    torch.save(tensors, src)
    converter.convert(str(src), str(dst))
    return dst


def test_each_tensor_arrives_in_the_segmentor(tensors, tmp_path):
    dst = convert(tensors, tmp_path)
    with torch.device('meta'):
        model = EncoderDecoder(
            backbone=dict(type='DeepLabV2ResNet', depth=101),
            decode_head=dict(type='DeepLabV2Head', in_channels=2048, num_classes=21),
        )
    model.to_empty(device='cpu')
    load_checkpoint(model, str(dst), map_location='cpu', strict=True)
    state = {
        name: value
        for name, value in model.state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    assert len(state) == len(tensors) == 528
    for name, value in tensors.items():
        if name.startswith('layer5'):
            name = name.replace('layer5.conv2d_list', 'decode_head.convs')
        else:
            name = f'backbone.{name}'
        assert state[name].shape == value.shape, name
        assert (state[name] == value.flatten()[0]).all(), name


def test_differences_are_named(tensors, tmp_path):
    del tensors['layer2.0.bn1.bias']
    tensors['fc.weight'] = torch.zeros(1000, 2048)
    tensors['layer5.conv2d_list.3.bias'] = torch.zeros(19)
    with pytest.raises(UserError) as error:
        convert(tensors, tmp_path)
    assert str(error.value).endswith(
        'coco.pth does not hold the tensors of resnet101COCO: '
        '1 missing (layer2.0.bn1.bias); 1 unexpected (fc.weight); '
        '1 of another shape (layer5.conv2d_list.3.bias (19,) instead of (21,))'
    )
    assert not (tmp_path / 'new').exists()


def test_only_the_first_names_are_told(tensors, tmp_path):
    wrapped = {f'module.{name}': value for name, value in tensors.items()}
    with pytest.raises(UserError) as error:
        convert(wrapped, tmp_path)
    assert (
        '528 missing (conv1.weight, bn1.weight, bn1.bias, ...); 528 unexpected '
        '(module.conv1.weight, module.bn1.weight, module.bn1.bias, ...)'
    ) in str(error.value)


@pytest.mark.slow
def test_other_contents_are_refused(tensors, tmp_path):
    with pytest.raises(UserError, match='holds a list, not named tensors'):
        convert([1, 2], tmp_path)
    with pytest.raises(UserError, match='528 missing .* 1 unexpected .state_dict.'):
        convert(dict(state_dict=tensors), tmp_path)
    with pytest.raises(UserError, match='1 of another shape .conv1.weight .*not a ten'):
        convert(tensors | {'conv1.weight': 'a name'}, tmp_path)


@pytest.mark.parametrize('content', [b'', b'not weights at all', None])
def test_unreadable_files_end_the_tool_with_one_line(content, tmp_path, monkeypatch):
    src = tmp_path / 'broken.pth'
    if content is not None:
        src.write_bytes(content)
    monkeypatch.setattr('sys.argv', ['convert', str(src), str(tmp_path / 'out.pth')])
    with pytest.raises(SystemExit) as exit:
        converter.run(converter.main)
    assert 'broken.pth cannot be read as PyTorch weights: ' in exit.value.code
    assert '\n' not in exit.value.code
    assert not (tmp_path / 'out.pth').exists()
