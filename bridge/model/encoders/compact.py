"""The small default trunk: convolutions over time with the bands as channels, normalised per example."""

from __future__ import annotations

from torch import Tensor, nn

WIDTH = 96
BLOCKS = 4


class CompactTrunk(nn.Sequential):
    """(batch, bands, frames) -> (batch, channels, a quarter of the frames)."""

    def __init__(self, bands: int, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__(
            nn.Conv1d(bands, width, 5, stride=2, padding=2),
            nn.GroupNorm(4, width),
            nn.GELU(),
            nn.Conv1d(width, width, 3, stride=2, padding=1),
            *(_Residual(width) for _ in range(blocks)),
        )
        self.channels = width


class _Residual(nn.Module):
    """GroupNorm, GELU, convolution over time, added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.path = nn.Sequential(nn.GroupNorm(4, width), nn.GELU(), nn.Conv1d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = x + self.path(x)
        return moved
