"""Long-term statistics of log-mel frames, with gradients. They describe a sound, not what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bridge.features.profile import GATE_DB

LEVEL_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
LOUD_QUANTILE = 0.95
_FEW_FRAMES = 8  # for one output of a trunk; of more, all count, not only the nearest two


@dataclass(frozen=True)
class MelStatistics:
    """Long-term statistics of a batch of log-mel frames, as torch tensors with gradients.

    Attributes:
        level_db: (batch, 1) level of the mean power.
        mean_db: (batch, bands) mean of each band, relative to `level_db`.
        spread_db: (batch, bands) standard deviation of each band over time.
        quantiles_db: (batch, 7) quantiles of the frames' levels, relative to `level_db`.
    """

    level_db: Tensor
    mean_db: Tensor
    spread_db: Tensor
    quantiles_db: Tensor

    def vector(self) -> Tensor:
        """All of them scaled to about -2..2, (batch, 2 bands + 8)."""
        return torch.cat(
            [self.mean_db / 20, self.spread_db / 10, self.quantiles_db / 20, (self.level_db + 30) / 20], dim=1
        )


def mel_statistics(log_mel: Tensor) -> tuple[MelStatistics, Tensor]:
    """Return statistics of (batch, bands, frames), and the weight of each frame (batch, 1, frames); of pauses 0."""
    power = torch.exp(log_mel * (math.log(10) / 10)).sum(1)
    frame_db = 10 * torch.log10(power)
    rising = frame_db.sort(dim=1).values
    places = [round(share * (rising.shape[1] - 1)) for share in LEVEL_QUANTILES]
    loud = rising[:, places[LEVEL_QUANTILES.index(LOUD_QUANTILE)], None]
    weight = torch.sigmoid((frame_db - loud + GATE_DB) / 2)
    weight = (weight / weight.sum(1, keepdim=True)).unsqueeze(1)
    level = 10 * torch.log10(power.mean(1, keepdim=True))
    mean = (log_mel * weight).sum(2)
    spread = ((log_mel - mean.unsqueeze(2)).square() * weight).sum(2).clamp_min(1e-4).sqrt()
    quantiles = (rising[:, places] - level).clamp_min(-60)
    return MelStatistics(level, mean - level, spread, quantiles), weight


def downsample_weights(weight: Tensor, count: int) -> Tensor:
    """Return the weights (batch, 1, count) of a trunk's outputs over time, from those of its input frames."""
    if weight.shape[-1] <= _FEW_FRAMES * count:
        weight = torch.nn.functional.interpolate(weight, size=count, mode="linear", align_corners=False)
    else:
        weight = torch.nn.functional.interpolate(weight, size=count, mode="area")
    return weight / weight.sum(2, keepdim=True)
