from . import (  # noqa: F401
    backbones,
    decode_heads,
    discriminators,
    losses,
    segmentors,
    utils,
)
