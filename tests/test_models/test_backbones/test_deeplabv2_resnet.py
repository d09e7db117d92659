import pytest
import torch

from mmseg_gist.models.backbones import DeepLabV2ResNet

NARROW = dict(base_channels=4, stem_channels=4)


@pytest.mark.parametrize(
    'width, expected', [(256, 33), (321, 41), (512, 65), (1024, 129)]
)
def test_pooling_rounds_sizes_up(width, expected):
    model = DeepLabV2ResNet(50, **NARROW)
    model.eval()
    # 32 -> 16 (stem) -> 9 (pool) -> 5 (second stage)
    assert model(torch.zeros(1, 3, 32, width))[-1].shape == (1, 128, 5, expected)


@pytest.fixture(scope='module')
def resnet101():
    with torch.device('meta'):  # shapes without memory
        return DeepLabV2ResNet(101)


def test_resnet101_has_the_tensors_of_the_coco_weights(resnet101):
    tensors = {
        key: value
        for key, value in resnet101.state_dict().items()
        if not key.endswith('num_batches_tracked')
    }
    convs = [key for key, value in tensors.items() if value.ndim == 4]
    assert len(convs) == 104
    assert len(tensors) - len(convs) == 416
    assert tensors['conv1.weight'].shape == (64, 3, 7, 7)
    assert tensors['layer3.22.conv2.weight'].shape == (256, 256, 3, 3)
    assert tensors['layer4.0.downsample.0.weight'].shape == (2048, 1024, 1, 1)
    assert tensors['layer4.2.bn3.running_var'].shape == (2048,)


@pytest.mark.parametrize(
    'layer, blocks, stride, dilation',
    [(1, 3, 1, 1), (2, 4, 2, 1), (3, 23, 1, 2), (4, 3, 1, 4)],
)
def test_strides_and_dilations_of_each_stage(
    resnet101, layer, blocks, stride, dilation
):
    stage = getattr(resnet101, f'layer{layer}')
    # Strides sit on the first 1x1 convolution, the first block's alone.
    assert [b.conv1.stride for b in stage] == [(stride,) * 2] + [(1, 1)] * (blocks - 1)
    assert stage[0].downsample[0].stride == (stride, stride)
    assert {b.conv2.stride for b in stage} == {(1, 1)}
    # The first block is dilated like the others.
    assert [b.conv2.dilation for b in stage] == [(dilation,) * 2] * blocks
    assert [b.conv2.padding for b in stage] == [(dilation,) * 2] * blocks


@pytest.mark.parametrize('frozen', [True, False])
def test_frozen_norms_stay_bit_for_bit_while_convolutions_learn(frozen):
    torch.manual_seed(0)
    model = DeepLabV2ResNet(
        50,
        norm_cfg=dict(type='BN', requires_grad=not frozen),
        norm_eval=frozen,
        **NARROW,
    )
    model.train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    norms = [k for k in before if 'bn' in k or 'downsample.1' in k]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(2, 3, 32, 32))[-1].square().mean().backward()
    optimizer.step()
    after = model.state_dict()
    changed = [k for k in norms if not torch.equal(before[k], after[k])]
    if frozen:
        assert changed == []
    else:
        assert {k for k in norms if 'running' in k} < set(changed)
    assert not torch.equal(before['conv1.weight'], after['conv1.weight'])


def test_random_weights_are_small_and_no_block_starts_dead():
    torch.manual_seed(0)
    model = DeepLabV2ResNet(50, **NARROW)
    model.init_weights()
    assert model.layer4[0].conv2.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert model.layer4[0].bn3.weight.unique().tolist() == [1]


def test_other_depths_are_refused():
    with pytest.raises(KeyError, match='invalid depth 34'):
        DeepLabV2ResNet(34)
