import os.path as osp
from collections.abc import Sequence

import mmcv
import numpy as np
from mmengine import fileio
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_gist.datasets.output_check import check_output_files
from mmseg_gist.datasets.output_names import output_names
from mmseg_gist.utils import atomic_path


@HOOKS.register_module()
class PredictionHook(Hook):
    """Writes the predictions of a test, each to its own file.

    mmseg's metric and hook name the files after the last part of the image's
    path, which images in different folders may share. Here each file is in a folder
    named like its image's, see :func:`mmseg_gist.datasets.output_names.output_names`.

    Args:
        out (str, optional): Folder of index PNGs: uint8, class indices, as mmseg
            writes them (plus one where the data set has ``reduce_zero_label``).
        show_dir (str, optional): Folder of painted images, by the Runner's
            visualizer.

    Raises:
        UserError: A file would replace an image or a label.
    """

    def __init__(self, out: str | None = None, show_dir: str | None = None) -> None:
        self.out = out
        self.show_dir = show_dir

    def before_test(self, runner: Runner) -> None:
        dataset = runner.test_loop.dataloader.dataset
        images = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
        folder = getattr(dataset, 'data_prefix', {}).get('img_path')
        names = output_names(images, folder)
        for option, place in (('--out', self.out), ('--show-dir', self.show_dir)):
            if place:
                files = [osp.join(place, name) for name in names]
                check_output_files(runner.cfg, files, option)
        self.names = dict(zip(images, names))

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        for sample in outputs:
            name = self.names[sample.img_path]
            if self.out:
                label = sample.pred_sem_seg.data.squeeze(0).cpu().numpy()
                if sample.get('reduce_zero_label', False):
                    label = label + 1
                with atomic_path(osp.join(self.out, name)) as temporary:
                    Image.fromarray(label.astype(np.uint8)).save(temporary)
            if self.show_dir:
                content = fileio.get(sample.img_path)
                runner.visualizer.add_datasample(
                    name,
                    mmcv.imfrombytes(content, channel_order='rgb'),
                    data_sample=sample,
                    out_file=osp.join(self.show_dir, name),
                )
