import numpy as np
from mmseg.registry import DATASETS
from PIL import Image


def test_other_classes_are_background_and_ignored_pixels_stay(tmp_path):
    """VOC's cat, cow, dog, horse and sheep are 8, 10, 12, 13 and 17."""
    label = np.array([[0, 8, 10, 12], [13, 17, 255, 15], [1, 9, 11, 20]], np.uint8)
    Image.fromarray(label).save(tmp_path / 'a.png')
    Image.fromarray(np.zeros((3, 4, 3), np.uint8)).save(tmp_path / 'a.jpg')
    dataset = DATASETS.build(
        dict(
            type='VOCAnimalsDataset',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='', seg_map_path=''),
            pipeline=[dict(type='mmseg.LoadAnnotations')],
        )
    )
    classes = ('background', 'cat', 'cow', 'dog', 'horse', 'sheep')
    assert dataset.metainfo['classes'] == classes
    assert dataset.metainfo['palette'][1:3] == [[64, 0, 0], [64, 128, 0]]
    expected = [[0, 1, 2, 3], [4, 5, 255, 0], [0, 0, 0, 0]]
    assert dataset[0]['gt_seg_map'].tolist() == expected
