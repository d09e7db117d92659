"""Convert DeepLab-v2's COCO weights, ``resnet101COCO-41f33a49.pth``.

The result is a checkpoint of EncoderDecoder(DeepLabV2ResNet-101,
DeepLabV2Head). The configs take it as the model's
``init_cfg=dict(type='Pretrained', checkpoint=...)``, a backbone alone takes it with
``prefix='backbone.'``; ``load_from`` would make it the stage 0 of a self-training.
"""

import argparse
import pickle

import torch

from mmseg_gist.cli import run
from mmseg_gist.models.backbones import DeepLabV2ResNet
from mmseg_gist.models.decode_heads import DeepLabV2Head
from mmseg_gist.utils import UserError, atomic_path

NUM_CLASSES = 21
SOURCE_HEAD = 'layer5.conv2d_list.'


def source_shapes():
    """The tensors that the file must hold.

    Returns:
        dict[str, tuple[int]]: Shape of each of the 528 tensors (104
        convolutions, 416 of BatchNorm, 8 of the head) by its name.
    """
    with torch.device('meta'):  # shapes without memory
        backbone = DeepLabV2ResNet(101)
        head = DeepLabV2Head(2048, NUM_CLASSES)
    tensors = backbone.state_dict()
    for key, value in head.state_dict().items():
        tensors[SOURCE_HEAD + key.removeprefix('convs.')] = value
    return {
        key: tuple(value.shape)
        for key, value in tensors.items()
        if not key.endswith('num_batches_tracked')
    }


def new_name(key):
    """The name in the segmentor of a tensor of the file."""
    if key.startswith(SOURCE_HEAD):
        return f'decode_head.convs.{key.removeprefix(SOURCE_HEAD)}'
    return f'backbone.{key}'


def differences(found, expected):
    """Describes how the tensors found differ from those expected.

    Args:
        found (dict[str, tuple[int]]): Shapes by name.
        expected (dict[str, tuple[int]]): Shapes by name.

    Returns:
        str: ``'2 missing (a, b); 1 unexpected (c)'`` and the like, with the
        first three names of each kind; empty where there is none.
    """
    kinds = {
        'missing': [key for key in expected if key not in found],
        'unexpected': [key for key in found if key not in expected],
        'of another shape': [
            f'{key} {found[key]} instead of {shape}'
            for key, shape in expected.items()
            if found.get(key, shape) != shape
        ],
    }
    return '; '.join(
        f'{len(names)} {kind} ({", ".join(names[:3])}{", ..." * (len(names) > 3)})'
        for kind, names in kinds.items()
        if names
    )


def convert(src, dst):
    """Writes the checkpoint for mmseg.

    Args:
        src (str): ``resnet101COCO-41f33a49.pth``: one dict of tensors.
        dst (str): The file to write, with the same tensors.

    Raises:
        UserError: ``src`` cannot be read or holds other tensors.
    """
    try:
        tensors = torch.load(src, map_location='cpu', weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        first = str(error).splitlines()[0] if str(error) else 'empty'
        raise UserError(f'{src} cannot be read as PyTorch weights: {first}') from error
    if not isinstance(tensors, dict):
        raise UserError(f'{src} holds a {type(tensors).__name__}, not named tensors')
    found = {
        key: tuple(getattr(value, 'shape', ('not a tensor',)))
        for key, value in tensors.items()
    }
    wrong = differences(found, source_shapes())
    if wrong:
        raise UserError(f'{src} does not hold the tensors of resnet101COCO: {wrong}')
    checkpoint = {'state_dict': {new_name(k): v for k, v in tensors.items()}}
    with atomic_path(dst) as path:
        torch.save(checkpoint, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('src', help='resnet101COCO-41f33a49.pth')
    parser.add_argument('dst', help='the checkpoint to write')
    args = parser.parse_args()
    convert(args.src, args.dst)


if __name__ == '__main__':
    run(main)
