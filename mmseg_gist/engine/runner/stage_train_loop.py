import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop, Runner
from mmseg.registry import LOOPS
from torch import nn

from mmseg_gist.engine.optim import optim_wrapper_for
from mmseg_gist.utils import derive_seed


@LOOPS.register_module()
class StageTrainLoop(IterBasedTrainLoop):
    """Iteration-based training that can be interrupted at no cost.

    The data continue where they stopped, without being replayed. The random numbers of
    an iteration (dropout, batch augmentation) follow from the seed and the iteration.

    Args:
        seed (int): The stage's seed.
        val_interval (int, optional): Iterations between validations; the end is
            validated, too. With None, the caller validates.
        **kwargs: See :class:`mmengine.runner.IterBasedTrainLoop`.
    """

    def __init__(
        self,
        runner: Runner,
        *args,
        seed: int,
        val_interval: int | None = None,
        **kwargs,
    ) -> None:
        super().__init__(runner, *args, val_interval=val_interval, **kwargs)
        if isinstance(runner.optim_wrapper, dict):  # mmengine builds it after the loop
            runner.optim_wrapper = optim_wrapper_for(runner.model, runner.optim_wrapper)
        self.dataloader_iterator = None  # it would start with the first image
        self.seed = seed

    def run(self) -> nn.Module:
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        # the state was saved before the validation of its iteration, whose best
        # checkpoint may be incomplete
        if self._iter:
            self._validate_if_due()
        self.runner.model.train()
        if self._iter < self._max_iters:
            self.dataloader.sampler.start = self._iter
            batches = iter(self.dataloader)
        while self._iter < self._max_iters and not self.stop_training:
            data_batch = next(batches)
            seed = derive_seed(self.seed, 'iteration', self._iter, get_rank())
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            self.run_iter(data_batch)
            self._validate_if_due()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def _validate_if_due(self) -> None:
        if self.val_interval is None or self.runner.val_loop is None:
            return
        self._decide_current_val_interval()
        due = self._iter % self.val_interval == 0 or self._iter == self._max_iters
        if self._iter >= self.val_begin and due:
            self.runner.val_loop.run()
            self.runner.model.train()
