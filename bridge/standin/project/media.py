"""Items, their takes, and the sources that takes play."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.standin.fx.fx import new_guid
from bridge.standin.fx.instrument import Note
from bridge.standin.project.interfaces import OwningProject, OwningTrack
from bridge.types import Audio


class MediaItem:
    """Audio on a track: (channels, samples) at the project's rate from `position_s` on, for `length_s` at most; or
    notes, which are no sound before an instrument plays them."""

    kind = "MediaItem*"

    def __init__(
        self, track: OwningTrack, audio: Audio, position_s: float, length_s: float, notes: Sequence[Note] = ()
    ) -> None:
        self.track, self.audio, self.notes = track, audio, tuple(notes)
        self.position_s: float = position_s
        self.length_s: float = length_s
        self.guid = new_guid()
        self.is_offline = self.is_selected = self.is_muted = False
        self.take: MediaTake | None = MediaTake(self, "take")
        self._place = 0

    @property
    def is_alive(self) -> bool:
        """Whether it lies on its track. Looks where it was last: a track may hold thousands."""
        items = self.track.items
        if not (self._place < len(items) and items[self._place] is self):
            self._place = next((place for place, item in enumerate(items) if item is self), len(items))
        return self._place < len(items) and self.track.is_alive


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
    def is_midi(self) -> bool:
        return bool(self.item.notes)

    @property
    def source(self) -> MediaSource:
        return MediaSource(self.name, self.item.audio, self.project.sample_rate_hz)

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
        """The take's own audio, from the item's beginning on: (channels, frames) at the project's rate."""
        return self.item.track.pre_fx(start_s + self.item.position_s, frames)


class MediaSource:
    """An audio file that a take may play."""

    kind = "PCM_source*"
    is_alive = True

    def __init__(self, name: str, audio: Audio, sample_rate_hz: int) -> None:
        self.name, self._audio, self._rate_hz = name, audio, sample_rate_hz

    @property
    def channels(self) -> int:
        return len(self._audio)

    @property
    def length_s(self) -> float:
        return float(self._audio.shape[1] / self._rate_hz)

    def audio_at(self, sample_rate_hz: int) -> Audio:
        """(channels, samples) at another rate."""
        frames = round(self.length_s * sample_rate_hz)
        places = np.arange(frames) * self._rate_hz / sample_rate_hz
        rows = [np.interp(places, np.arange(self._audio.shape[1]), channel) for channel in self._audio]
        return np.stack(rows).astype(np.float32)
