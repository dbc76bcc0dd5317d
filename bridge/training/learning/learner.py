"""One step of learning: what the encoder and the surrogate learn from a batch of examples.

Holds networks, optimizers and the running average of the weights that ships. It reads no files and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from bridge.model.encoders import Encoder, Statistics, statistics_of
from bridge.training.learning.losses import position_loss, profile_loss, spread_loss
from bridge.training.learning.pool import Shard
from bridge.training.learning.surrogate import Surrogate

BATCH = 64
LEARNING_RATE = 1.2e-3
SURROGATE_RATE = 1.5e-3
WEIGHT_DECAY = 0.02
AVERAGE_DECAY = 0.998
POSITION_WEIGHT = 4.0  # dB per range: an error of a tenth of all ranges costs as much as 0.4 dB of sound
SPREAD_SHARE = 0.2
TARGET_SHARE = 0.5
MIN_CROP_FRAMES = 108  # two and a half seconds
TRUNK_FRAMES = 129  # three seconds of each clip go through the convolutions, the costliest part of a step
GRADIENT_LIMIT = 5.0


@dataclass
class Learner:
    """Learns by steps; `average` holds the weights that ship."""

    encoder: Encoder
    surrogate: Surrogate
    kept: Tensor  # (controls,) 0 for controls that are set by rule and not learned without reference
    weights_db: Tensor  # (bands,) of loudness: without reference sounds are compared at equal loudness
    device: torch.device
    average: dict[str, Tensor] = field(init=False)
    optimizer: torch.optim.AdamW = field(init=False)
    surrogate_optimizer: torch.optim.AdamW = field(init=False)

    def __post_init__(self) -> None:
        self.encoder.to(self.device)
        self.surrogate.to(self.device)
        self.average = {name: tensor.detach().clone() for name, tensor in self.encoder.state_dict().items()}
        self.optimizer = torch.optim.AdamW(self.encoder.parameters(), weight_decay=WEIGHT_DECAY)
        self.surrogate_optimizer = torch.optim.AdamW(self.surrogate.parameters(), weight_decay=WEIGHT_DECAY)

    def step(self, batch: dict[str, Tensor], *, rate: float, sound_share: float, crop: slice) -> dict[str, float]:
        """One update of both networks. `rate` scales the learning rates, `sound_share` the loss through the
        surrogate (0 while it knows nothing yet). Returns what there is to report, in dB or shares of a range."""
        dry, degraded = statistics_of(batch["dry"])[0], statistics_of(batch["degraded"])[0]
        losses = self.losses(batch, crop, dry, degraded)
        total = (
            sound_share * (losses["match_db"] + losses["automix_db"])
            + POSITION_WEIGHT * (losses["match_position"] + losses["automix_position"])
            + SPREAD_SHARE * losses["spread"]
            + TARGET_SHARE * (losses["match_target_db"] + losses["automix_target_db"])
        ).mean()
        self._update(self.encoder, self.optimizer, total, LEARNING_RATE * rate)
        surrogate_db = self.surrogate_loss(batch, dry).mean()
        self._update(self.surrogate, self.surrogate_optimizer, surrogate_db, SURROGATE_RATE * rate)
        with torch.no_grad():
            for name, tensor in self.encoder.state_dict().items():
                self.average[name].lerp_(tensor, 1 - AVERAGE_DECAY)
        report = {name: float(value.detach().mean()) for name, value in losses.items()}
        return report | {"surrogate_db": float(surrogate_db.detach())}

    def losses(self, batch: dict[str, Tensor], crop: slice, dry: Statistics, degraded: Statistics) -> dict[str, Tensor]:
        """Each (batch,). `dry` and `degraded` are the statistics of the whole clips."""
        everything = torch.ones_like(self.kept)[None]
        match = self.encoder(batch["dry"][..., crop], batch["reference"][..., crop], trunk_frames=TRUNK_FRAMES)
        alone = self.encoder(batch["degraded"][..., crop], None, trunk_frames=TRUNK_FRAMES)
        wet, clean, equal = batch["wet_profile"], batch["clean_profile"], self.weights_db
        return {
            "match_db": profile_loss(self.surrogate(dry, match.position.clamp(0, 1)), wet, None),
            "automix_db": profile_loss(self.surrogate(degraded, alone.position.clamp(0, 1)), clean, equal),
            "match_position": position_loss(match.position, batch["hidden"], everything),
            "automix_position": position_loss(alone.position, batch["undoing"], self.kept[None]),
            "spread": spread_loss(match.spread, match.position, batch["hidden"])
            + spread_loss(alone.spread, alone.position, batch["undoing"]),
            "match_target_db": profile_loss((match.target_mean_db, match.target_spread_db), wet, None),
            "automix_target_db": profile_loss((alone.target_mean_db, alone.target_spread_db), clean, equal),
        }

    def surrogate_loss(self, batch: dict[str, Tensor], sound: Statistics) -> Tensor:
        return profile_loss(self.surrogate(sound, batch["hidden"]), batch["wet_profile"], None)

    def _update(self, module: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
        module.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), GRADIENT_LIMIT)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()


def draw_batch(
    pool: Shard, seed: int, step: int, device: torch.device, size: int = BATCH
) -> tuple[dict[str, Tensor], slice]:
    """The batch of step `step`, and the frames of it that the encoder hears. Depends on seed and step alone."""
    generator = np.random.default_rng([seed, step, 1])
    count = len(pool["hidden"])
    chosen = generator.choice(count, size=min(size, count), replace=False)
    frames = pool["dry"].shape[-1]
    length = int(generator.integers(min(MIN_CROP_FRAMES, frames), frames, endpoint=True))
    start = int(generator.integers(0, frames - length, endpoint=True))
    return take(pool, chosen, device), slice(start, start + length)


def take(pool: Shard, chosen: np.ndarray, device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array[chosen].astype(np.float32)).to(device) for name, array in pool.items()}
