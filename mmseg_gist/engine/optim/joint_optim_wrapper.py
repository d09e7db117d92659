from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapperDict
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import Tensor, nn


class JointOptimWrapper(OptimWrapperDict):
    """Optimizers of different parameters that step together.

    The model's ``parse_losses`` gives one loss for each of them, by name; the
    gradients of all are there before the first of them steps. With this, the
    standard ``train_step`` serves, also that of DistributedDataParallel.
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
        """Mixed precision and gradient accumulation, as the wrappers are set."""
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

    The segmentor's is configured as ever. ``optim_wrapper.discriminator`` holds
    what is different for the discriminator, its ``optimizer`` at least; the
    rest, such as the wrapper's type, is alike, so mixed precision is for both.

    Args:
        optim_wrapper_cfg (dict): Config of the segmentor's, with
            ``discriminator``.
        paramwise_cfg (dict, optional): Of the segmentor's parameters.
    """

    def __init__(
        self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None
    ) -> None:
        segmentor = dict(optim_wrapper_cfg)
        different = segmentor.pop('discriminator')
        discriminator = dict(segmentor, **different)
        self.constructors = dict(
            segmentor=DefaultOptimWrapperConstructor(segmentor, paramwise_cfg),
            discriminator=DefaultOptimWrapperConstructor(discriminator),
        )

    def __call__(self, model: nn.Module) -> JointOptimWrapper:
        model = getattr(model, 'module', model)
        return JointOptimWrapper(
            **{
                name: construct(getattr(model, name))
                for name, construct in self.constructors.items()
            }
        )
