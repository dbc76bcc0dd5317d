"""An encoder: one trunk for the track and, when there is one, the reference; a joint head predicts from both.

Without a reference a learned vector takes its place. Normalisation is per example: there are no batch statistics.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bridge.model.encoders.categories import Category
from bridge.model.encoders.output import EncoderOutput
from bridge.model.encoders.statistics import LEVEL_QUANTILES, MelStatistics, downsample_weights, mel_statistics
from bridge.model.encoders.trunks import build_trunk
from bridge.model.manifest import EncoderSettings

_STRETCH = 0.05  # positions reach the ends of the range, which a plain sigmoid never does
_LEAST_SPREAD = 1e-3
_NEUTRAL_LOGIT = 3.0  # of the neutral choice in a fresh encoder; the others have 0


class Encoder(nn.Module):
    """See the module.

    Args:
        bands: of the log-mel frames that go in.
        settings: which trunk, and the sizes.
        neutral: (controls,) the positions that a fresh encoder predicts.
        categories: which controls have choices in place of a range.

    Attributes:
        continuous: (controls,) 1 for a control with a range, 0 for one of choices.
    """

    continuous: Tensor

    def __init__(
        self, bands: int, settings: EncoderSettings, neutral: Tensor, categories: Sequence[Category] = ()
    ) -> None:
        super().__init__()
        embedding, hidden = settings.embedding, settings.hidden
        self.bands, self.controls, self.categories = bands, len(neutral), tuple(categories)
        chosen = [category.control for category in categories]
        ranged = [control for control in range(self.controls) if control not in chosen]
        self._order = [(ranged + chosen).index(control) for control in range(self.controls)]
        self.register_buffer("continuous", torch.zeros(self.controls), persistent=False)
        self.continuous[ranged] = 1.0
        self.trunk = build_trunk(bands, settings)
        self.project = nn.Sequential(nn.Linear(2 * self.trunk.channels, embedding), nn.LayerNorm(embedding))
        size = embedding + 2 * bands + len(LEVEL_QUANTILES) + 1
        self.no_reference = nn.Parameter(torch.zeros(size))
        self.join = nn.Sequential(nn.Linear(3 * size + 1, hidden), nn.LayerNorm(hidden), nn.GELU())
        self.think = nn.ModuleList(_Feedforward(hidden) for _ in range(2))
        self.position = _linear(hidden, len(ranged))
        self.spread = _linear(hidden, len(ranged))
        self.target = nn.Linear(hidden, 2 * bands)
        self.choose = nn.ModuleList(_choice(hidden, category, neutral) for category in categories)
        self._start_at(neutral, ranged)

    def encode(self, log_mel: Tensor, *, trunk_frames: int | None = None) -> tuple[Tensor, MelStatistics]:
        """Return the vector of a sound: (batch, bands, frames) -> (batch, size), and its statistics.

        The statistics are of all frames; the trunk may take only the first `trunk_frames`, which saves training
        time.
        """
        statistics, weight = mel_statistics(log_mel)
        x = self.trunk((log_mel[..., :trunk_frames] - statistics.level_db.unsqueeze(2) + 20) / 20)
        weight = downsample_weights(weight[..., :trunk_frames], x.shape[-1])
        mean = (x * weight).sum(2)
        deviation = ((x - mean.unsqueeze(2)).square() * weight).sum(2).clamp_min(1e-6).sqrt()
        embedding = self.project(torch.cat([mean, deviation], 1))
        return torch.cat([embedding, statistics.vector()], 1), statistics

    def forward(self, log_mel: Tensor, reference: Tensor | None, *, trunk_frames: int | None = None) -> EncoderOutput:
        """Args: (batch, bands, frames) each; the reference may have another number of frames, or be None."""
        other = None if reference is None else self.encode(reference, trunk_frames=trunk_frames)[0]
        return self.predict(*self.encode(log_mel, trunk_frames=trunk_frames), other)

    def predict(self, sound: Tensor, statistics: MelStatistics, reference: Tensor | None) -> EncoderOutput:
        """Return the prediction from the vectors of `encode`, (batch, size) each."""
        given = torch.full_like(sound[:, :1], float(reference is not None))
        other = self.no_reference.expand_as(sound) if reference is None else reference
        x = self.join(torch.cat([sound, other, other - sound, given], 1))
        for block in self.think:
            x = x + block(x)
        mean, spread = self.target(x).split(self.bands, dim=1)
        logits = tuple(choose(x) for choose in self.choose)
        decoded = [category.decode(given) for category, given in zip(self.categories, logits, strict=True)]
        return EncoderOutput(
            position=self._in_order(
                torch.sigmoid(self.position(x)) * (1 + 2 * _STRETCH) - _STRETCH, [place for place, _ in decoded]
            ),
            spread=self._in_order(
                nn.functional.softplus(self.spread(x)) + _LEAST_SPREAD,
                [error.clamp_min(_LEAST_SPREAD) for _, error in decoded],
            ),
            target_mean_db=statistics.mean_db + statistics.level_db + 10 * mean,
            target_spread_db=(statistics.spread_db + 5 * spread).clamp_min(0),
            logits=logits,
        )

    def _in_order(self, ranged: Tensor, chosen: Sequence[Tensor]) -> Tensor:
        """(batch, controls) from the columns of the controls with a range and of those with choices."""
        if not chosen:
            return ranged
        return torch.cat([ranged, torch.stack(list(chosen), dim=1)], dim=1)[:, self._order]

    def _start_at(self, neutral: Tensor, ranged: Sequence[int]) -> None:
        with torch.no_grad():
            inner = ((neutral[ranged] + _STRETCH) / (1 + 2 * _STRETCH)).clamp(0.02, 0.98)
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
        out: Tensor = self.path(x)
        return out


def _linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer, which may have no outputs: a chain can consist of choices alone."""
    layer = nn.Linear(inputs, max(outputs, 1))
    if outputs == 0:
        layer.weight, layer.bias = nn.Parameter(layer.weight[:0]), nn.Parameter(layer.bias[:0])
    return layer


def _choice(inputs: int, category: Category, neutral: Tensor) -> nn.Linear:
    """The logits of one category, those of the neutral choice ahead."""
    layer = nn.Linear(inputs, len(category.places))
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.bias.zero_()
        layer.bias[category.chosen(neutral[category.control][None])] = _NEUTRAL_LOGIT
    return layer


def count_parameters(module: nn.Module) -> int:
    """Return how many weights a network learns."""
    return sum(parameter.numel() for parameter in module.parameters())
