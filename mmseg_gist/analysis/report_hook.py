import os.path as osp

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes the report of a self-training into its work dir after each stage.

    See :func:`mmseg_gist.analysis.report.write_report`. If the report fails, the log
    has a warning and the training continues.

    Args:
        enable (bool): Whether the report is written. Defaults to True.
    """

    def __init__(self, enable: bool = True) -> None:
        self.enable = enable

    @master_only
    def after_stage(self, runner, record, row: dict) -> None:
        if not self.enable:
            return
        # takes half a second, which the processes of the stages are spared
        from .report import write_report

        try:
            write_report(runner.train_loop.cfg)
        except Exception as error:
            fault = f'{type(error).__name__}: {error}'
            runner.logger.warning(f'The report was not updated: {fault}')

    @master_only
    def after_run(self, runner) -> None:
        from .report.page import FILE

        file = osp.join(runner.work_dir, FILE)
        if self.enable and osp.exists(file):
            runner.logger.info(f'The report of this run: {file}')
