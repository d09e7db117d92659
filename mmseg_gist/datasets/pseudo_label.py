import os.path as osp

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .output_names import confidence_path, output_names


@DATASETS.register_module()
class PseudoLabelDataset(BaseSegDataset):
    """Images without human labels.

    In a user's config it lists images only. A stage that trains on pseudo-labels sets
    ``data_prefix['seg_map_path']`` to the folder with the parent model's pseudo-labels.
    The items then have

    - ``seg_map_path``: index PNG, uint8, classes 0..C-1 and ``ignore_index``,
      in that folder, whatever the image's own folder, see :func:`output_names`;
    - ``confidence_path``: 8-bit gray PNG, largest probability x 255,
      rounded; read by :class:`LabelErase`.

    Classes are those of the labeled set; its ``reduce_zero_label`` and its
    mapping of classes do not apply, since a pseudo-label holds the model's own
    class indices.

    Args:
        ann_file (str): List of image ids, one per line; without it the data set has all
            images of the folder.
        data_prefix (dict): ``img_path``, the folder of the images.
        **kwargs: See :class:`mmseg.datasets.BaseSegDataset`.
    """

    def __init__(self, data_prefix: dict = None, **kwargs) -> None:
        if data_prefix is None:
            data_prefix = dict(img_path='')
        super().__init__(data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        data_list = super().load_data_list()
        folder = self.data_prefix.get('seg_map_path')
        if folder is not None:
            images = [item['img_path'] for item in data_list]
            names = output_names(images, self.data_prefix['img_path'])
            for item, name in zip(data_list, names):
                item['seg_map_path'] = osp.join(folder, name)
                item['confidence_path'] = confidence_path(item['seg_map_path'])
        return data_list
