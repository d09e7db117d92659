import copy

import pytest
from mmengine.config import ConfigDict
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_gist.engine.optim import S4GANOptimWrapperConstructor, optim_wrapper_for
from mmseg_gist.utils import UserError

MAE = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='MAE',
        img_size=(16, 24),
        patch_size=8,
        embed_dims=16,
        num_layers=2,
        num_heads=2,
        mlp_ratio=2,
        out_indices=[1],
        init_values=1.0,
    ),
    decode_head=dict(
        type='FCNHead', in_channels=16, in_index=0, channels=4, num_classes=3
    ),
)
LAYER_DECAY = ConfigDict(
    type='OptimWrapper',
    constructor='LearningRateDecayOptimizerConstructor',
    optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.05),
    paramwise_cfg=dict(num_layers=2, decay_rate=0.5, decay_type='layer_wise'),
)
SELF_TRAINING = dict(
    type='SelfTrainingSegmentor',
    consistency=dict(type='ConsistencyLoss', loss_weight=0.1),
)


S4GAN = dict(type='S4GAN', segmentor=MAE)
DECAY_IN_S4GAN = ConfigDict(
    LAYER_DECAY,
    constructor='S4GANOptimWrapperConstructor',
    segmentor=dict(constructor='LearningRateDecayOptimizerConstructor'),
    discriminator=dict(optimizer=dict(type='Adam', lr=0.3)),
)


def build(model: dict, cfg: dict):
    init_default_scope('mmseg')
    return optim_wrapper_for(MODELS.build(copy.deepcopy(model)), cfg)


def rates(groups: list[dict]) -> dict:
    return {
        (group['group_name'], group['lr'], len(group['params']))
        for group in groups
        if 'group_name' in group  # the last are the settings of all
    }


@pytest.mark.parametrize('wrapper', [SELF_TRAINING, dict(type='ClassMix')])
def test_layers_learn_at_their_own_rates_in_any_wrapper(wrapper):
    """And teachers, which do not learn, are not in it."""
    plain = rates(build(MAE, LAYER_DECAY).param_groups)
    assert {rate for _, rate, _ in plain} == {1.0, 0.5, 0.25, 0.125}
    wrapped = build(dict(wrapper, segmentor=MAE), LAYER_DECAY)
    assert rates(wrapped.param_groups) == plain


def test_layers_learn_at_their_own_rates_beside_a_discriminator():
    joint = build(S4GAN, DECAY_IN_S4GAN)
    plain = rates(build(MAE, LAYER_DECAY).param_groups)
    assert rates(joint['segmentor'].param_groups) == plain
    assert joint['discriminator'].get_lr()['lr'] == [0.3]


def test_layer_decay_beside_a_discriminator_needs_its_constructor():
    cfg = copy.deepcopy(DECAY_IN_S4GAN)
    del cfg.segmentor
    with pytest.raises(
        UserError, match='decay_rate, but the segmentor has the default'
    ):
        build(S4GAN, cfg)


def test_a_discriminator_needs_the_constructor_of_both_optimizers():
    """Or one derived from it; others see no second optimizer."""
    way_out = 'optim_wrapper.segmentor.constructor'
    with pytest.raises(UserError, match=f'constructor = .*Decay.* {way_out}'):
        build(S4GAN, dict(DECAY_IN_S4GAN, constructor=LAYER_DECAY.constructor))
    plain = dict(optimizer=dict(type='SGD', lr=0.1))
    with pytest.raises(UserError, match='optim_wrapper.constructor = None'):
        build(S4GAN, plain)

    class Own(S4GANOptimWrapperConstructor):
        pass

    own = build(S4GAN, dict(DECAY_IN_S4GAN, constructor=Own))
    assert [*own.keys()] == ['segmentor', 'discriminator']


def test_several_optimizers_need_a_constructor():
    one = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    with pytest.raises(
        UserError, match='has encoder, head, but no optimizer: .*constr'
    ):
        build(MAE, dict(encoder=one, head=one))


def test_without_a_gpu_there_is_no_mixed_precision():
    cfg = dict(optimizer=dict(type='SGD', lr=0.1), accumulative_counts=2)
    amp = dict(type='AmpOptimWrapper', loss_scale='dynamic', dtype='bfloat16')
    wrapper = build(MAE, {**amp, **cfg})
    assert type(wrapper) is OptimWrapper
    assert wrapper._accumulative_counts == 2
