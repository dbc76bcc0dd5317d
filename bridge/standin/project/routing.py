"""What reaches a track's FX beside its own items: the tracks in its folder, and the tracks that send to it.

An audio accessor hears none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bridge.standin.project.interfaces import RoutedTrack
from bridge.types import Audio

NO_AUDIO = -1  # source channel of a send of MIDI alone
MONO = 1024  # flag in a destination: both channels mixed to one


@dataclass
class TrackReceive:
    """What a track gets from another one. Channels count from 0, as I_SRCCHAN and I_DSTCHAN do."""

    source: RoutedTrack
    is_muted: bool = False
    volume: float = 1.0
    source_channel: int = 0
    destination_channel: int = 0

    def add_to(self, output: Audio, start_s: float) -> None:
        """Add what is received from `start_s` on to (channels, frames)."""
        if self.is_muted or self.source.is_muted or self.source_channel == NO_AUDIO:
            return
        sound = np.float32(self.volume * self.source.volume) * self.source.output(start_s, output.shape[1])
        sound = sound[self.source_channel : self.source_channel + 2]
        first = self.destination_channel & (MONO - 1)
        if self.destination_channel & MONO:
            sound = sound.mean(0, keepdims=True)
        room = output[first : first + len(sound)]
        room += sound[: len(room)]


def children(track: RoutedTrack) -> Iterator[RoutedTrack]:
    """The tracks right inside the folder that `track` opens; those of inner folders come by way of these."""
    tracks, depth = track.project.tracks, 0
    if track.folder_depth != 1:
        return
    for other in tracks[tracks.index(track) + 1 :]:
        if depth == 0:
            yield other
        depth += other.folder_depth
        if depth < 0:
            return


def parent(track: RoutedTrack) -> RoutedTrack | None:
    """The folder that `track` lies in, or None."""
    return next((other for other in track.project.tracks if track in children(other)), None)


def add_routed(track: RoutedTrack, output: Audio, start_s: float) -> None:
    """Add what `track` gets from others, from `start_s` on, to what its items play: (channels, frames)."""
    for child in children(track):
        if child.sends_to_parent and not child.is_muted:
            sound = np.float32(child.volume) * child.output(start_s, output.shape[1])
            count = min(len(sound), len(output))
            output[:count] += sound[:count]
    for receive in track.receives:
        receive.add_to(output, start_s)
