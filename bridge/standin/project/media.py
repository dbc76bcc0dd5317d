"""Items, their takes, and the sources that takes play."""

from __future__ import annotations

import numpy as np

from bridge.standin.fx.fx import new_guid
from bridge.standin.project.owners import OwningProject, OwningTrack
from bridge.types import Audio


class MediaItem:
    """Audio on a track: (channels, samples) at the project's rate from `position_s` on, for `length_s` at most."""

    kind = "MediaItem*"

    def __init__(self, track: OwningTrack, audio: Audio, position_s: float, length_s: float) -> None:
        self.track, self.audio = track, audio
        self.position_s: float = position_s
        self.length_s: float = length_s
        self.guid = new_guid()
        self.is_offline = self.is_selected = False
        self.take: MediaTake | None = MediaTake(self, "take")

    @property
    def is_alive(self) -> bool:
        return self.track.is_alive and self in self.track.items


class MediaTake:
    """The one take of an item."""

    kind = "MediaItem_Take*"
    is_offline = False

    def __init__(self, item: MediaItem, name: str = "") -> None:
        self.item, self.name = item, name

    @property
    def is_alive(self) -> bool:
        return self.item.is_alive and self.item.take is self

    @property
    def project(self) -> OwningProject:
        return self.item.track.project

    @property
    def audio_version(self) -> int:
        return self.item.track.audio_version

    def start_s(self) -> float:
        return 0.0

    def length_s(self) -> float:
        return self.item.length_s

    def pre_fx(self, start_s: float, frames: int) -> Audio | None:
        """The take's own audio, from the item's beginning on: (2, frames) at the project's rate."""
        return self.item.track.pre_fx(start_s + self.item.position_s, frames)


class MediaSource:
    """An audio file that a take may play."""

    kind = "PCM_source*"
    is_alive = True

    def __init__(self, name: str, audio: Audio, sample_rate_hz: int) -> None:
        self.name, self._audio, self._rate_hz = name, audio, sample_rate_hz

    @property
    def length_s(self) -> float:
        return float(self._audio.shape[1] / self._rate_hz)

    def audio_at(self, sample_rate_hz: int) -> Audio:
        """(channels, samples) at another rate."""
        frames = round(self.length_s * sample_rate_hz)
        places = np.arange(frames) * self._rate_hz / sample_rate_hz
        rows = [np.interp(places, np.arange(self._audio.shape[1]), channel) for channel in self._audio]
        return np.stack(rows).astype(np.float32)
