"""An audio accessor: what a track's items, or a take, sound like before the FX, at any sample rate, in blocks."""

from __future__ import annotations

import numpy as np

from bridge.standin.project.media import MediaTake
from bridge.standin.project.track import ReaperTrack
from bridge.types import Audio

MAX_FRAMES = 65536


class AudioAccessor:
    """The audio of a track or a take; it knows whether that has changed since it was created or updated last."""

    kind = "AudioAccessor*"

    def __init__(self, source: ReaperTrack | MediaTake) -> None:
        self.source = source
        self.is_destroyed = False
        self._version = source.audio_version

    @property
    def is_alive(self) -> bool:
        return not self.is_destroyed

    @property
    def has_changed(self) -> bool:
        return self._version != self.source.audio_version or not self.source.is_alive

    def update(self) -> None:
        self._version = self.source.audio_version

    def read(self, sample_rate_hz: int, start_s: float, frames: int) -> Audio | None:
        """(channels, frames) at `sample_rate_hz`, or None where there is no audio."""
        project_rate = self.source.project.sample_rate_hz
        if sample_rate_hz == project_rate:
            return self.source.pre_fx(start_s, frames)
        count = int(np.ceil(frames * project_rate / sample_rate_hz)) + 1
        audio = self.source.pre_fx(start_s, count)
        if audio is None:
            return None
        positions = np.arange(frames) * project_rate / sample_rate_hz
        return np.stack([np.interp(positions, np.arange(count), channel) for channel in audio]).astype(np.float32)
