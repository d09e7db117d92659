from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import Tensor, nn

from mmseg_gist.utils import UserError, unwrapped


class JointOptimWrapper(OptimWrapperDict):
    """Optimizers of different parameters that step together.

    The model's ``parse_losses`` gives one loss for each of them, by name. All gradients
    are computed before the first optimizer steps. So the standard ``train_step`` works,
    also with DistributedDataParallel.
    """

    def update_params(
        self,
        loss: dict[str, Tensor],
        step_kwargs: dict | None = None,
        zero_kwargs: dict | None = None,
    ) -> None:
        """One step of each optimizer.

        Args:
            loss (dict): A scalar by the optimizer's name.
            step_kwargs (dict, optional): For each optimizer's ``step``.
            zero_kwargs (dict, optional): For each optimizer's ``zero_grad``.
        """
        for name, wrapper in self.items():
            wrapper.backward(wrapper.scale_loss(loss[name]))
        for wrapper in self.values():
            if wrapper.should_update():
                wrapper.step(**(step_kwargs or {}))
                wrapper.zero_grad(**(zero_kwargs or {}))

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Mixed precision and gradient accumulation, as each wrapper is configured."""
        with ExitStack() as stack:
            for wrapper in self.values():
                stack.enter_context(wrapper.optim_context(model))
            yield

    def initialize_count_status(
        self, model: nn.Module, cur_iter: int, max_iters: int
    ) -> None:
        for wrapper in self.values():
            wrapper.initialize_count_status(model, cur_iter, max_iters)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class S4GANOptimWrapperConstructor:
    """An optimizer for ``model.segmentor``, another for ``model.discriminator``.

    ``optim_wrapper.segmentor`` and ``optim_wrapper.discriminator`` hold the settings
    that differ: at least the discriminator's ``optimizer``, and the segmentor's
    ``constructor`` if it is not the default, as for layer-wise decay. Both share the
    rest, such as the wrapper's type and thus mixed precision.

    Args:
        optim_wrapper_cfg (dict): Config of both optimizers.
        paramwise_cfg (dict, optional): Settings of the segmentor's parameters.

    Raises:
        UserError: Layer-wise decay lacks its constructor.
    """

    def __init__(
        self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None
    ) -> None:
        alike = dict(optim_wrapper_cfg)
        segmentor = alike.pop('segmentor', None) or {}
        discriminator = alike.pop('discriminator')
        segmentor = {**alike, 'paramwise_cfg': paramwise_cfg, **segmentor}
        decays = 'decay_rate' in (segmentor['paramwise_cfg'] or {})
        # the default constructor ignores what it does not know
        if decays and 'constructor' not in segmentor:
            raise UserError(
                'optim_wrapper.paramwise_cfg has decay_rate, but the segmentor has the '
                'default constructor: set optim_wrapper.segmentor=dict(constructor='
                "'LearningRateDecayOptimizerConstructor')"
            )
        self.cfgs = dict(
            segmentor=segmentor, discriminator=dict(alike, **discriminator)
        )

    def __call__(self, model: nn.Module) -> JointOptimWrapper:
        model = unwrapped(model)
        return JointOptimWrapper(
            **{
                name: build_optim_wrapper(getattr(model, name), cfg)
                for name, cfg in self.cfgs.items()
            }
        )
