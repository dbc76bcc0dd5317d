"""An encoder: one trunk hears the track and, when there is one, the reference; a joint head decides.

Without a reference a learned vector takes its place. Normalisation is per example: there are no batch statistics.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.model.encoders.answer import Answer
from bridge.model.encoders.compact import CompactTrunk
from bridge.model.encoders.statistics import LEVEL_QUANTILES, Statistics, statistics_of
from bridge.model.manifest import EncoderSettings

_STRETCH = 0.05  # positions reach the ends of the range, which a plain sigmoid never does


class Encoder(nn.Module):
    """See the module. `neutral` (controls,) are the positions that a fresh encoder answers with."""

    def __init__(self, bands: int, settings: EncoderSettings, neutral: Tensor) -> None:
        super().__init__()
        hidden = settings.hidden
        self.bands, self.controls = bands, len(neutral)
        self.trunk = CompactTrunk(bands, settings.width, settings.blocks)
        self.project = nn.Sequential(
            nn.Linear(2 * self.trunk.channels, settings.embedding), nn.LayerNorm(settings.embedding)
        )
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


class _Feedforward(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.path = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        thought: Tensor = self.path(x)
        return thought


def count_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
