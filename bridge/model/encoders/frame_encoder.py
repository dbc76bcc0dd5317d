"""The network that works frame by frame: where which control must act, how far, and where there is speech.

Dilated convolutions over time that see about a second to either side. Everything is normalised within a frame, so
that a file in stretches gives the same output as at once. Nothing here knows plugins or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge.model.manifest import EncoderSettings

WIDTH = 96
BLOCKS = 10
DILATIONS = (1, 2, 4, 8, 16, 32, 64)
LOUD_QUANTILE = 0.95
LOUD_RANGE_DB = 45.0  # frames farther below the loudest do not count as sound


@dataclass(frozen=True)
class FrameEncoderOutput:
    """What the network puts out for each frame.

    Attributes:
        activity: (batch, controls, frames) logits: whether the control must act.
        position: (batch, controls, frames) 0..1 over the control's range: where it must be when it acts.
        speech: (batch, frames) logits: whether somebody speaks.
    """

    activity: Tensor
    position: Tensor
    speech: Tensor


class FrameEncoder(nn.Module):
    """See the module. `neutral` (controls,) are the positions that a fresh network puts out."""

    def __init__(self, bands: int, settings: EncoderSettings, neutral: Tensor) -> None:
        super().__init__()
        width, blocks = settings.width or WIDTH, BLOCKS if settings.blocks is None else settings.blocks
        self.bands, self.controls = bands, len(neutral)
        self.enter = nn.Conv1d(bands + 2, width, 5, padding=2)
        dilations = [DILATIONS[index % len(DILATIONS)] for index in range(blocks)]
        self.blocks = nn.ModuleList(_Block(width, dilation) for dilation in dilations)
        self.norm = _FrameNorm(width)
        self.leave = nn.Conv1d(width, 2 * self.controls + 1, 1)
        self.reach = 2 + sum(dilations)
        with torch.no_grad():
            self.leave.weight.mul_(0.1)
            resting = torch.full((self.controls,), -2.0)
            start = torch.cat([resting, torch.logit(neutral.clamp(0.02, 0.98)), resting[:1]])
            self.leave.bias = nn.Parameter(start)

    def forward(self, log_mel: Tensor, loud_db: Tensor) -> FrameEncoderOutput:
        """Args: (batch, bands, frames) in dB, and the level of what is loud in each sound, (batch,), see
        `loud_frame_db`.

        An output frame depends on `reach` frames to either side.
        """
        level = (loud_db[:, None, None] + 30) / 20
        frame_db = frame_loudness_db(log_mel)[:, None]
        shape = (log_mel - loud_db[:, None, None] + 40) / 20
        x = torch.cat([shape, (frame_db - loud_db[:, None, None] + 25) / 20, level.expand_as(frame_db)], 1)
        x = self.enter(x)
        for block in self.blocks:
            x = x + block(x)
        out = self.leave(self.norm(x))
        activity, position, speech = out.split([self.controls, self.controls, 1], dim=1)
        return FrameEncoderOutput(activity, torch.sigmoid(position), speech[:, 0])


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            _FrameNorm(width), nn.GELU(), nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        )

    def forward(self, x: Tensor) -> Tensor:
        moved: Tensor = self.path(x)
        return moved


class _FrameNorm(nn.Module):
    """Layer normalisation of each frame over its channels, (batch, channels, frames)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x.transpose(1, 2)).transpose(1, 2)
        return normed


def frame_loudness_db(log_mel: Tensor) -> Tensor:
    """Return the power of each frame in dB, (..., frames), from (..., bands, frames)."""
    return 4.342944819 * torch.logsumexp(log_mel / 4.342944819, -2)


def loud_frame_db(levels: Tensor) -> Tensor:
    """Return the level of what is loud in a sound, (...,), from those of all its frames (..., frames): the 95% quantile
    of those that sound at all. Pauses, however long, do not change it much."""
    top = levels.amax(-1, keepdim=True)
    sounding = levels.where(levels > top - LOUD_RANGE_DB, torch.full_like(levels, torch.nan))
    return sounding.nanquantile(LOUD_QUANTILE, -1)
