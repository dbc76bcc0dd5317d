"""What a REAPER project holds: tracks with items, FX chains and envelopes, and an undo history that really restores.

Objects die with what holds them, as REAPER's pointers do; undo may bring them back. No Lua here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bridge.errors import PluginMissing
from bridge.plugins.catalog import Catalog
from bridge.standin.envelope import Envelope, Point
from bridge.standin.faults import Misuse
from bridge.standin.fx import Audio, Fx, FxState
from bridge.standin.hosted import HostedFx
from bridge.standin.media import Item, new_guid
from bridge.standin.stock import ReaComp, ReaEq
from bridge.standin.undo import UndoHistory

USERS_NUMBERS = {  # render settings as a user may have left them
    "RENDER_SETTINGS": 3.0, "RENDER_BOUNDSFLAG": 0.0, "RENDER_CHANNELS": 1.0, "RENDER_SRATE": 44100.0,
    "RENDER_DITHER": 1.0, "RENDER_ADDTOPROJ": 1.0, "RENDER_NORMALIZE": 1.0, "RENDER_TAILFLAG": 2.0,
}  # fmt: skip
USERS_TEXTS = {"RENDER_FILE": "/my renders", "RENDER_PATTERN": "$project final", "RENDER_FORMAT": "bDNwbQ=="}

STOCK: dict[str, Callable[..., Fx]] = {"reaeq": ReaEq, "reacomp": ReaComp}


class Track:
    """A track. Tests set its attributes as a user would; `fx` is the chain in order."""

    kind = "MediaTrack*"

    def __init__(self, project: Project, name: str, *, is_master: bool = False) -> None:
        self.project, self.name, self.is_master = project, name, is_master
        self.guid = new_guid()
        self.is_selected = self.is_muted = False
        self.is_fx_enabled = self.is_shown = True
        self.volume, self.pan = 1.0, 0.0
        self.folder_depth = 0
        self.automation_mode = 0
        self.items: list[Item] = []
        self.fx: list[Fx] = []
        self.envelopes: list[Envelope] = []
        self.audio_version = 0  # grows when what an accessor hears changes

    @property
    def is_alive(self) -> bool:
        return self.project.is_alive and (self.is_master or self in self.project.tracks)

    @property
    def selected(self) -> bool:
        return self.is_selected

    @selected.setter
    def selected(self, value: bool) -> None:
        self.is_selected = value

    def add_item(self, audio: Audio, *, position_s: float = 0.0, length_s: float | None = None) -> Item:
        """Put audio (channels, samples) at the project's rate onto the track."""
        if audio.ndim != 2 or audio.shape[0] not in (1, 2):
            raise Misuse(f"items take audio of 1 or 2 channels as (channels, samples), not of shape {audio.shape}")
        item = Item(self, audio, position_s, length_s or audio.shape[1] / self.project.sample_rate_hz)
        self.items.append(item)
        self.change_audio()
        return item

    def add_empty_item(self) -> Item:
        """An item without a take, as AddMediaItemToTrack makes it."""
        item = Item(self, np.zeros((2, 0), np.float32), 0.0, 0.0)
        item.take = None
        self.items.append(item)
        self.change_audio()
        return item

    def change_audio(self) -> None:
        """What an accessor hears has changed (an edit, a recording that goes on)."""
        self.audio_version += 1
        self.project.touch()

    def add_fx(self, name: str, **options: Any) -> Fx:
        """Add "ReaEQ", "ReaComp" or "VST3: NAME" at the end of the chain. Misuse where it is unknown."""
        fx = self.project.create_fx(name, **options)
        if fx is None:
            raise Misuse(f"no FX {name!r} is known here; stock doubles: ReaEQ, ReaComp; others as 'VST3: NAME'")
        self.fx.append(fx)
        self.project.touch()
        return fx

    def find_fx(self, name: str) -> Fx:
        """The first FX whose name holds `name`."""
        return next(fx for fx in self.fx if name.lower() in fx.name.lower())

    def add_envelope(self, fx: Fx, parameter: str, points: list[tuple[float, float]]) -> Envelope:
        """An envelope of (project time, raw value) points."""
        envelope = Envelope(self, fx, fx.index(parameter), points=[Point(*point) for point in points])
        self.envelopes.append(envelope)
        self.project.touch()
        return envelope

    @property
    def is_offline(self) -> bool:
        return any(item.is_offline for item in self.items)

    def start_s(self) -> float:
        return min((item.position_s for item in self.items), default=0.0)

    def length_s(self) -> float:
        return max((item.position_s + item.length_s for item in self.items), default=0.0)

    def pre_fx(self, start_s: float, frames: int) -> Audio | None:
        """What enters the first FX: (2, frames) at the project's rate, or None where no item lies."""
        rate = self.project.sample_rate_hz
        output: Audio | None = None
        first = round(start_s * rate)
        for item in self.items:
            offset = round(item.position_s * rate)
            length = min(round(item.length_s * rate), item.audio.shape[1])
            begin, end = max(first, offset), min(first + frames, offset + length)
            if end > begin:
                output = np.zeros((2, frames), np.float32) if output is None else output
                output[:, begin - first : end - first] += item.audio[:, begin - offset : end - offset]
        return output

    def render(self, start_s: float = 0.0, end_s: float | None = None) -> Audio:
        """What leaves the FX chain: (2, frames) at the project's rate."""
        frames = round(((self.length_s() if end_s is None else end_s) - start_s) * self.project.sample_rate_hz)
        audio = self.pre_fx(start_s, frames)
        audio = np.zeros((2, frames), np.float32) if audio is None else audio
        for fx in self.fx if self.is_fx_enabled else ():
            audio = fx.render(audio, self.project.sample_rate_hz)
        return audio


@dataclass(frozen=True)
class TrackState:
    track: Track
    settings: tuple[Any, ...]
    items: tuple[tuple[Item, float, float], ...]
    fx: tuple[tuple[Fx, FxState], ...]
    envelopes: tuple[tuple[Envelope, bool, tuple[Point, ...]], ...]


class Project:
    """One project tab. `create_fx` and `touch` are for the stand-in; tests use tracks, undo and the ranges."""

    kind = "ReaProject*"

    def __init__(self, path: str, sample_rate_hz: int, rng: random.Random, catalog: Catalog) -> None:
        self.path, self.sample_rate_hz = path, sample_rate_hz
        self.has_own_rate = True  # False: it takes the audio device's, and what rate is stored in it means nothing
        self.is_alive = True
        self.tracks: list[Track] = []
        self.time_selection = (0.0, 0.0)
        self.cursor_s = 0.0
        self.render_numbers = dict(USERS_NUMBERS)
        self.render_texts = dict(USERS_TEXTS)
        self.change_count = 1
        self.ext_state: dict[tuple[str, str], str] = {}
        self.master = Track(self, "MASTER", is_master=True)
        self._rng = rng
        self._catalog = catalog
        self._all_fx: list[Fx] = []  # also those removed: undo may bring them back
        self.history = UndoHistory(self)

    def add_track(self, name: str = "", audio: Audio | None = None, *, position_s: float = 0.0) -> Track:
        """A new track at the end, with `audio` (channels, samples) at the project's rate as its one item."""
        track = Track(self, name)
        self.tracks.append(track)
        if audio is not None:
            track.add_item(audio, position_s=position_s)
        self.history.rebase()
        return track

    def remove_track(self, track: Track) -> None:
        self.tracks.remove(track)
        self.touch()

    def touch(self) -> None:
        """Something of the project has changed."""
        self.change_count += 1

    def create_fx(self, name: str, **options: Any) -> Fx | None:
        """A stock double or a hosted VST3 plugin by the name that a user would give; None where it is unknown."""
        kind, colon, bare = name.partition(":")
        bare = (bare if colon else name).strip()
        stock = STOCK.get(bare.removesuffix(" (Cockos)").lower()) if not colon or kind == "VST" else None
        if stock is None and colon and kind != "VST3":
            return None
        try:
            fx = stock(self._rng, self.touch, **options) if stock else self._host(bare, options)
        except PluginMissing:
            return None
        self._all_fx.append(fx)
        return fx

    def _host(self, name: str, options: dict[str, Any]) -> Fx:
        return HostedFx(self._catalog.find(name.partition(" (")[0]), self.touch, **options)

    def every_track(self) -> list[Track]:
        return [self.master, *self.tracks]

    def settle(self) -> None:
        """A tick passes."""
        for fx in self._all_fx:
            fx.settle()

    def play_envelopes(self) -> None:
        """Every envelope in force sets its parameter to what it says at the edit cursor."""
        for track in self.every_track():
            for envelope in track.envelopes:
                if envelope.is_alive and envelope.is_in_force:
                    envelope.play(self.cursor_s)

    def close(self) -> None:
        """The tab is closed: everything in it dies."""
        self.is_alive = False
        for fx in self._all_fx:
            fx.close()
        self._all_fx.clear()

    # ------------------------------------------------------------ undo

    def capture(self) -> dict[str, Any]:
        """The state by the parts that undo flags name."""
        states = [_capture(track) for track in self.every_track()]
        return {
            "tracks": tuple((s.track, s.settings) for s in states),
            "fx": tuple((s.track, s.fx, s.envelopes) for s in states),
            "items": tuple((s.track, s.items) for s in states),
        }

    def restore(self, part: str, state: Any) -> None:
        """Put one part of a captured state back."""
        if part == "tracks":
            self.tracks[:] = [track for track, _ in state if not track.is_master]
        for track, *saved in state:
            if part == "tracks":
                track.name, track.is_muted, track.folder_depth, track.automation_mode = saved[0]
            elif part == "items":
                track.items[:] = [item for item, _, _ in saved[0]]
                for item, position_s, length_s in saved[0]:
                    item.position_s, item.length_s = position_s, length_s
                track.audio_version += 1
            else:
                _restore_fx(track, *saved)
        self.touch()


def _capture(track: Track) -> TrackState:
    return TrackState(
        track=track,
        settings=(track.name, track.is_muted, track.folder_depth, track.automation_mode),
        items=tuple((item, item.position_s, item.length_s) for item in track.items),
        fx=tuple((fx, fx.capture()) for fx in track.fx),
        envelopes=tuple((e, e.is_active, tuple(e.points)) for e in track.envelopes),
    )


def _restore_fx(track: Track, chain: Any, envelopes: Any) -> None:
    track.fx[:] = [fx for fx, _ in chain]
    for fx, state in chain:
        fx.restore(state)
    track.envelopes[:] = [envelope for envelope, _, _ in envelopes]
    for envelope, is_active, points in envelopes:
        envelope.is_active, envelope.points = is_active, list(points)
