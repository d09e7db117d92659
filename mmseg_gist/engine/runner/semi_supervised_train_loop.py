from mmengine.dist import barrier, is_main_process
from mmengine.runner import Runner
from mmseg.registry import LOOPS
from torch import nn

from mmseg_gist.datasets.data_check import check_datasets, check_there
from mmseg_gist.datasets.labels import loads, step_name
from mmseg_gist.missing import check_missing

from .stage_train_loop import StageTrainLoop


@LOOPS.register_module()
class SemiSupervisedTrainLoop(StageTrainLoop):
    """Trains on labeled and unlabeled images in each batch, and validates.

    A batch holds ``train_dataloader.batch_size`` images of the config's
    ``train_dataloader`` (source 0) and as many of its ``unlabeled_dataloader``
    (source 1). The other settings of the loader are those of ``train_dataloader``.

    Args:
        runner (Runner): Its config has ``unlabeled_dataloader``.
        dataloader (dict): Config of the labeled images.
        max_iters (int): Length of the training.
        val_interval (int): Iterations between validations. Defaults to 1000.
        **kwargs: See :class:`mmengine.runner.IterBasedTrainLoop`.

    Raises:
        UserError: The data have a fault, or a file is missing.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: dict,
        max_iters: int,
        val_interval: int = 1000,
        **kwargs,
    ) -> None:
        check_there(runner.cfg, 'unlabeled_dataloader')
        check_missing(dict(runner.cfg, resume=runner._resume))
        if is_main_process():
            for line in check_datasets(runner.cfg)['notes']:
                runner.logger.warning(line)
        barrier()
        unlabeled = runner.cfg.unlabeled_dataloader['dataset']
        dataloader = two_sources(dataloader, unlabeled)
        kwargs.update(seed=runner.seed, val_interval=val_interval)
        super().__init__(runner, dataloader, max_iters, **kwargs)

    def run(self) -> nn.Module:
        # a resumed training whose config has no seed keeps the seed of its start
        self.seed = self.dataloader.sampler.seed = self.runner.seed
        return super().run()


def two_sources(dataloader: dict, unlabeled: dict) -> dict:
    """A dataloader's config with as many unlabeled images added to each batch.

    Args:
        dataloader (dict): Config of the labeled images.
        unlabeled (dict): Config of the data set of unlabeled images. Steps of its
            pipeline that are only for pseudo-labels are left out.

    Returns:
        dict: A config.
    """
    pipeline = [
        step
        for step in unlabeled['pipeline']
        if not loads(step, 'Annotations') and step_name(step) != 'LabelErase'
    ]
    batch_size = dataloader['batch_size']
    return dict(
        {key: dataloader[key] for key in dataloader if key != 'batch_sampler'},
        batch_size=2 * batch_size,
        sampler=dict(type='DrawSampler', batch_sizes=[batch_size] * 2),
        dataset=dict(
            type='DrawDataset',
            datasets=[dataloader['dataset'], dict(unlabeled, pipeline=pipeline)],
        ),
    )
