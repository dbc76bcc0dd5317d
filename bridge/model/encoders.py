"""The network that listens: log-mel frames in, control positions, their spread and a target sound out.

One trunk hears the track and, when there is one, the reference; without a reference a learned vector takes its
place. Convolutions run over time with the bands as channels, normalised per example (no batch statistics).
This module knows neither plugins nor files: positions are 0..1 over each control's range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge.model.manifest import EncoderSettings
from bridge.model.profile import GATE_DB

LEVEL_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
LOUD_QUANTILE = 0.95
_STRETCH = 0.05  # positions reach the ends of the range, which a plain sigmoid never does


@dataclass(frozen=True)
class Statistics:
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


@dataclass(frozen=True)
class Answer:
    """What an encoder says of a batch.

    Attributes:
        position: (batch, controls) 0..1 over each control's range.
        spread: (batch, controls) predicted scale of the error of `position`.
        target_mean_db, target_spread_db: (batch, bands) profile of the sound to aim at: this sound as the
            reference would have it, or as it would be well recorded; then its level means nothing.
    """

    position: Tensor
    spread: Tensor
    target_mean_db: Tensor
    target_spread_db: Tensor


def statistics_of(log_mel: Tensor) -> tuple[Statistics, Tensor]:
    """Statistics of (batch, bands, frames), and the weight of each frame (batch, 1, frames): pauses weigh nothing."""
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
    return Statistics(level, mean - level, spread, quantiles), weight


class Encoder(nn.Module):
    """See the module. `neutral` (controls,) are the positions that a fresh encoder answers with."""

    def __init__(self, bands: int, settings: EncoderSettings, neutral: Tensor) -> None:
        super().__init__()
        width, hidden = settings.width, settings.hidden
        self.bands, self.controls = bands, len(neutral)
        self.trunk = nn.Sequential(
            nn.Conv1d(bands, width, 5, stride=2, padding=2),
            nn.GroupNorm(4, width),
            nn.GELU(),
            nn.Conv1d(width, width, 3, stride=2, padding=1),
            *(_Residual(width) for _ in range(settings.blocks)),
        )
        self.project = nn.Sequential(nn.Linear(2 * width, settings.embedding), nn.LayerNorm(settings.embedding))
        size = settings.embedding + 2 * bands + len(LEVEL_QUANTILES) + 1
        self.no_reference = nn.Parameter(torch.zeros(size))
        self.join = nn.Sequential(nn.Linear(3 * size + 1, hidden), nn.LayerNorm(hidden), nn.GELU())
        self.think = nn.ModuleList(_Feedforward(hidden) for _ in range(2))
        self.position = nn.Linear(hidden, self.controls)
        self.spread = nn.Linear(hidden, self.controls)
        self.target = nn.Linear(hidden, 2 * bands)
        self._start_at(neutral)

    def listen(self, log_mel: Tensor, *, trunk_frames: int | None = None) -> tuple[Tensor, Statistics]:
        """The vector that stands for a sound: (batch, bands, frames) -> (batch, size), and its statistics.

        The statistics are of all frames; the trunk may hear only the first `trunk_frames`, which saves training
        time.
        """
        statistics, weight = statistics_of(log_mel)
        x = self.trunk((log_mel[..., :trunk_frames] - statistics.level_db.unsqueeze(2) + 20) / 20)
        weight = nn.functional.interpolate(
            weight[..., :trunk_frames], size=x.shape[-1], mode="linear", align_corners=False
        )
        weight = weight / weight.sum(2, keepdim=True)
        mean = (x * weight).sum(2)
        deviation = ((x - mean.unsqueeze(2)).square() * weight).sum(2).clamp_min(1e-6).sqrt()
        embedding = self.project(torch.cat([mean, deviation], 1))
        return torch.cat([embedding, statistics.vector()], 1), statistics

    def forward(self, log_mel: Tensor, reference: Tensor | None, *, trunk_frames: int | None = None) -> Answer:
        """Args: (batch, bands, frames) each; the reference may have another number of frames, or be None."""
        heard = None if reference is None else self.listen(reference, trunk_frames=trunk_frames)[0]
        return self.decide(*self.listen(log_mel, trunk_frames=trunk_frames), heard)

    def decide(self, sound: Tensor, statistics: Statistics, reference: Tensor | None) -> Answer:
        """From the vectors of `listen`, (batch, size) each, to the answer."""
        given = torch.full_like(sound[:, :1], float(reference is not None))
        other = self.no_reference.expand_as(sound) if reference is None else reference
        x = self.join(torch.cat([sound, other, other - sound, given], 1))
        for block in self.think:
            x = x + block(x)
        mean, spread = self.target(x).split(self.bands, dim=1)
        return Answer(
            position=torch.sigmoid(self.position(x)) * (1 + 2 * _STRETCH) - _STRETCH,
            spread=nn.functional.softplus(self.spread(x)) + 1e-3,
            target_mean_db=statistics.mean_db + statistics.level_db + 10 * mean,
            target_spread_db=(statistics.spread_db + 5 * spread).clamp_min(0),
        )

    def _start_at(self, neutral: Tensor) -> None:
        with torch.no_grad():
            inner = ((neutral + _STRETCH) / (1 + 2 * _STRETCH)).clamp(0.02, 0.98)
            self.position.bias.copy_(torch.logit(inner))
            self.position.weight.mul_(0.1)
            self.target.weight.mul_(0.1)
            self.target.bias.zero_()
            self.spread.bias.fill_(-1.5)


class _Residual(nn.Module):
    """GroupNorm, GELU, convolution over time, added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.path = nn.Sequential(nn.GroupNorm(4, width), nn.GELU(), nn.Conv1d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = x + self.path(x)
        return moved


class _Feedforward(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.path = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        thought: Tensor = self.path(x)
        return thought


def count_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
