from mmseg.datasets import BaseSegDataset, PascalVOCDataset
from mmseg.registry import DATASETS

CLASSES = ('background', 'cat', 'cow', 'dog', 'horse', 'sheep')


@DATASETS.register_module()
class VOCAnimalsDataset(BaseSegDataset):
    """PASCAL VOC 2012 with five animals; every other class is background.

    The labels are VOC's own (0 to 20, and 255 for ignored pixels). They are
    mapped to the six classes as they are loaded.
    """

    METAINFO = dict(
        classes=CLASSES,
        palette=[
            color
            for name, color in zip(
                PascalVOCDataset.METAINFO['classes'],
                PascalVOCDataset.METAINFO['palette'],
            )
            if name in CLASSES
        ],
    )

    def __init__(
        self, img_suffix: str = '.jpg', seg_map_suffix: str = '.png', **kwargs
    ) -> None:
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)

    @classmethod
    def get_label_map(cls, new_classes=None) -> dict[int, int]:
        """From VOC's 21 classes to the six: dict of int to int."""
        return {
            index: CLASSES.index(name) if name in CLASSES else 0
            for index, name in enumerate(PascalVOCDataset.METAINFO['classes'])
        }
