"""What settings do to a sound's long-term profile, learned from the rendered examples.

The loss of the encoder goes through this small network: settings that sound alike cost alike, however far apart
they lie. It is used in training only; what ships is evaluated through the real plugins.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.model.encoders import LEVEL_QUANTILES, MelStatistics

_WIDTH = 384


class Surrogate(nn.Module):
    """(statistics of a sound, positions) -> the profile after the chain, mean and spread in dB."""

    def __init__(self, bands: int, controls: int) -> None:
        super().__init__()
        self.bands = bands
        size = 2 * bands + len(LEVEL_QUANTILES) + 1
        self.enter = nn.Linear(size + controls, _WIDTH)
        self.settings = nn.Sequential(nn.Linear(controls, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU())
        self.mix = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(_WIDTH + 128), nn.Linear(_WIDTH + 128, _WIDTH), nn.GELU()) for _ in range(3)
        )
        self.leave = nn.Linear(_WIDTH, 2 * bands)

    def forward(self, sound: MelStatistics, position: Tensor) -> tuple[Tensor, Tensor]:
        """Absolute mean and spread in dB, (batch, bands) each, from positions (batch, controls)."""
        drawn = self.settings(position * 2 - 1)
        x = nn.functional.gelu(self.enter(torch.cat([sound.vector(), position * 2 - 1], 1)))
        for layer in self.mix:
            x = x + layer(torch.cat([x, drawn], 1))
        mean, spread = self.leave(x).split(self.bands, dim=1)
        return sound.mean_db + sound.level_db + 10 * mean, (sound.spread_db + 5 * spread).clamp_min(0)
