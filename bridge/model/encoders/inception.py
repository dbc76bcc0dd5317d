"""The Inception trunk: two-dimensional convolutions of several sizes side by side, after DeepAFx.

Source: `inception_model.py` of DeepAFx (Martínez Ramírez, Wang, Smaragdis, Bryan: "Differentiable signal processing
with black-box audio effects", ICASSP 2021), which has it from Lee et al., "Disentangled multidimensional metric
learning for music similarity", ICASSP 2020. There it takes 128 bands, windows of 1024 and hops of 256 samples at
22.05 kHz, for 1.86 s. Here any bands and any 16 frames or more; theirs are
`FeatureSettings(bands=128, window_s=1024 / 22050, hop_s=256 / 22050)`.

Other than there, normalisation is per example (GroupNorm): with batch statistics (BatchNorm) evaluation was jittery
when it was measured (LEARNING.md), and a prediction would depend on the rest of its batch.
2.81 million weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH = 64
BLOCKS = 6
GROUPS = 4


class InceptionTrunk(nn.Module):
    """(batch, bands, frames) -> (batch, channels, frames / 2 ** (blocks + 1), rounded up)."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.channels = 4 * width
        layers: list[nn.Module] = [_convolution(1, width, 5), nn.MaxPool2d(2)]
        channels = width
        for _ in range(blocks):
            halving = _halving(channels, width)
            mixing = _mixing(halving.channels, width)
            layers += [halving, mixing]
            channels = mixing.channels
        layers += [nn.Conv2d(channels, self.channels, 1), nn.ReLU()]
        self.path = nn.Sequential(*layers)

    def forward(self, frames: Tensor) -> Tensor:
        out: Tensor = self.path(frames.unsqueeze(1))
        return out.mean(2)


class _SideBySide(nn.Module):
    """Branches with the same input, their outputs concatenated."""

    def __init__(self, channels: int, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def _halving(channels: int, width: int) -> _SideBySide:
    """Half the bands and half the frames."""
    narrow, middle, wide = (_part(width, share) for share in (48, 64, 96))
    return _SideBySide(
        narrow + wide + channels,
        _convolution(channels, narrow, 1, stride=2),
        nn.Sequential(
            _convolution(channels, middle, 1), _convolution(middle, wide, 3), _convolution(wide, wide, 3, stride=2)
        ),
        nn.MaxPool2d(3, stride=2, padding=1),
    )


def _mixing(channels: int, width: int) -> _SideBySide:
    """The sizes 1, 5, twice 3, and an average."""
    few, narrow, middle, wide = (_part(width, share) for share in (32, 48, 64, 96))
    return _SideBySide(
        2 * middle + wide + few,
        _convolution(channels, middle, 1),
        nn.Sequential(_convolution(channels, narrow, 1), _convolution(narrow, middle, 5)),
        nn.Sequential(_convolution(channels, middle, 1), _convolution(middle, wide, 3), _convolution(wide, wide, 3)),
        nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), _convolution(channels, few, 1)),
    )


def _part(width: int, share: int) -> int:
    """`share` sixty-fourths of the width, in whole groups."""
    return max(GROUPS, round(width * share / (64 * GROUPS)) * GROUPS)


def _convolution(channels: int, made: int, size: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, made, size, stride=stride, padding=size // 2, bias=False),
        nn.GroupNorm(GROUPS, made),
        nn.ReLU(),
    )
