"""The MobileNetV2 trunk: inverted residuals with a convolution per channel, after DeepAFx's second encoder.

Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, table 2; DeepAFx
(`models.py`) takes it at full width without trained weights, on the same input as its Inception network: see
`inception`. Here any bands and any 16 frames or more.

Other than there, normalisation is per example (GroupNorm): see `inception`. 2.22 million weights.
"""

from __future__ import annotations

from torch import Tensor, nn

WIDTH = 32
GROUPS = 4
_LAST_CHANNELS = 1280
# expansion, channels at full width, repetitions, stride of the first
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
BLOCKS = len(_STAGES)


class MobileNetTrunk(nn.Module):
    """(batch, bands, frames) -> (batch, channels, frames / 32, rounded up). `blocks`: so many of its stages."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        channels = _part(width, WIDTH)
        layers: list[nn.Module] = [*_convolution(1, channels, 3, stride=2)]
        for expansion, full, repetitions, stride in _STAGES[:blocks]:
            made = _part(width, full)
            for repetition in range(repetitions):
                layers.append(_InvertedResidual(channels, made, expansion, stride if repetition == 0 else 1))
                channels = made
        self.channels = max(_LAST_CHANNELS, _part(width, _LAST_CHANNELS))
        layers += _convolution(channels, self.channels, 1)
        self.path = nn.Sequential(*layers)

    def forward(self, frames: Tensor) -> Tensor:
        out: Tensor = self.path(frames.unsqueeze(1))
        return out.mean(2)


class _InvertedResidual(nn.Module):
    """Widened, convolved channel by channel, narrowed without a bend; added to its input where the shapes agree."""

    def __init__(self, channels: int, made: int, expansion: int, stride: int) -> None:
        super().__init__()
        inner = channels * expansion
        widened = _convolution(channels, inner, 1) if expansion > 1 else []
        self.path = nn.Sequential(
            *widened,
            *_convolution(inner, inner, 3, stride=stride, each_alone=True),
            nn.Conv2d(inner, made, 1, bias=False),
            nn.GroupNorm(GROUPS, made),
        )
        self.is_residual = stride == 1 and channels == made

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = self.path(x)
        return x + moved if self.is_residual else moved


def _part(width: int, full: int) -> int:
    """Of `full` channels at full width as many as at this one, in eights, at least nine tenths of the exact number."""
    exact = full * width / WIDTH
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * exact else rounded + 8


def _convolution(
    channels: int, made: int, size: int, *, stride: int = 1, each_alone: bool = False
) -> tuple[nn.Module, ...]:
    groups = channels if each_alone else 1
    return (
        nn.Conv2d(channels, made, size, stride=stride, padding=size // 2, groups=groups, bias=False),
        nn.GroupNorm(GROUPS, made),
        nn.ReLU6(),
    )
