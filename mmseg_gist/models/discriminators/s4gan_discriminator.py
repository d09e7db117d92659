from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class S4GANDiscriminator(nn.Module):
    """Distinguishes human label maps from those of a model, image by image.

    Four convolutions (4 x 4, stride 2), the mean over the map, one linear
    layer: section 3.1 of https://arxiv.org/abs/1908.05724.

    Args:
        in_channels (int): Classes and the image's channels.
        channels (int): Channels of the first convolution; each later one has twice as
            many. Defaults to 64.
        dropout_ratio (float): Dropout of whole channels, after each convolution but the
            last. Defaults to 0.5.
    """

    def __init__(
        self, in_channels: int, channels: int = 64, dropout_ratio: float = 0.5
    ) -> None:
        super().__init__()
        layers = []
        widths = [in_channels, *(channels * 2**i for i in range(4))]
        for before, after in zip(widths, widths[1:]):
            layers += [
                nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1),
                nn.LeakyReLU(0.2),
                nn.Dropout2d(dropout_ratio),
            ]
        self.layers = nn.Sequential(*layers[:-1])
        self.score = nn.Linear(widths[-1], 1)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Scores how human label maps look.

        Args:
            maps (Tensor): (N, in_channels, H, W); H and W of at least 16.

        Returns:
            tuple[Tensor, Tensor]: Scores (N, ), logits of being human, and features (N,
            8 * channels).
        """
        features = self.layers(maps).mean(dim=(2, 3))
        return self.score(features).squeeze(1), features
