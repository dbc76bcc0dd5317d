"""A track: items, an FX chain and envelopes, what it sounds like before and after the chain, and its state for undo."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bridge.standin.faults import Misuse
from bridge.standin.fx.container import FxContainer, every_fx, render_chain
from bridge.standin.fx.fx import FxState, StandInFx, new_guid
from bridge.standin.fx.instrument import Note, ReaSynthDouble
from bridge.standin.project.envelope import EnvelopePoint, FxEnvelope
from bridge.standin.project.interfaces import OwningProject
from bridge.standin.project.media import MediaItem
from bridge.standin.project.routing import TrackReceive, add_routed
from bridge.types import Audio

MAX_CHANNELS = 128


@dataclass(frozen=True)
class TrackState:
    """Everything of a track that undo restores, by the parts that come back by themselves."""

    settings: tuple[Any, ...]
    items: tuple[tuple[MediaItem, float, float], ...]
    fx: tuple[tuple[StandInFx, FxState], ...]
    envelopes: tuple[tuple[FxEnvelope, bool, tuple[EnvelopePoint, ...]], ...]


class ReaperTrack:
    """A track. Tests set its attributes as a user would; `fx` is the chain in order, `receives` what other tracks send
    to it, `channels` how many of its own it has: an even number."""

    kind = "MediaTrack*"

    def __init__(self, project: OwningProject, name: str, *, is_master: bool = False) -> None:
        self.project, self.name, self.is_master = project, name, is_master
        self.guid = new_guid()
        self.is_selected = self.is_muted = False
        self.solo = 0
        self.is_fx_enabled = self.is_shown = True
        self.volume, self.pan = 1.0, 0.0
        self.folder_depth, self.channels = 0, 2
        self.sends_to_parent = True
        self.receives: list[TrackReceive] = []
        self.automation_mode = 0
        self.items: list[MediaItem] = []
        self.fx: list[StandInFx] = []
        self.envelopes: list[FxEnvelope] = []
        self.audio_version = 0  # grows when what an accessor reads changes
        self._sorted: tuple[tuple[int, int], list[MediaItem], list[float], float] | None = None

    @property
    def is_alive(self) -> bool:
        return self.project.is_alive and (self.is_master or self in self.project.tracks)

    @property
    def selected(self) -> bool:
        return self.is_selected

    @selected.setter
    def selected(self, value: bool) -> None:
        self.is_selected = value

    def add_item(self, audio: Audio, *, position_s: float = 0.0, length_s: float | None = None) -> MediaItem:
        """Put audio (channels, samples) at the project's rate onto the track."""
        if audio.ndim != 2 or not 1 <= audio.shape[0] <= MAX_CHANNELS:
            raise Misuse(f"items take audio as (channels, samples), not of shape {audio.shape}")
        item = MediaItem(self, audio, position_s, length_s or audio.shape[1] / self.project.sample_rate_hz)
        self.items.append(item)
        self.change_audio()
        return item

    def add_midi_item(self, notes: Sequence[Note], *, position_s: float = 0.0, length_s: float = 1.0) -> MediaItem:
        """Put notes onto the track: no sound before an instrument plays them."""
        self.items.append(MediaItem(self, np.zeros((1, 0), np.float32), position_s, length_s, notes))
        self.change_audio()
        return self.items[-1]

    def add_receive(self, source: ReaperTrack, **options: Any) -> TrackReceive:
        """Have `source` send to this track; for the options see `TrackReceive`."""
        receive = TrackReceive(source, **options)
        self.receives.append(receive)
        self.project.touch()
        return receive

    def add_empty_item(self) -> MediaItem:
        """An item without a take, as AddMediaItemToTrack makes it."""
        item = MediaItem(self, np.zeros((2, 0), np.float32), 0.0, 0.0)
        item.take = None
        self.items.append(item)
        self.change_audio()
        return item

    def change_audio(self) -> None:
        """What an accessor reads has changed (an edit, a recording that goes on)."""
        self.audio_version += 1
        self.project.touch()

    def add_fx(self, name: str, **options: Any) -> StandInFx:
        """Add "ReaEQ", "ReaComp" or "VST3: NAME" at the end of the chain. Misuse where it is unknown."""
        fx = self.project.create_fx(name, **options)
        if fx is None:
            raise Misuse(f"no FX {name!r} is known here; stock doubles: ReaEQ, ReaComp; others as 'VST3: NAME'")
        self.fx.append(fx)
        self.project.touch()
        return fx

    def put_fx(self, fx: StandInFx) -> StandInFx:
        """Add an FX that was made elsewhere at the end of the chain."""
        fx.touch = self.project.touch
        self.fx.append(self.project.own_fx(fx))
        self.project.touch()
        return fx

    def every_fx(self) -> list[StandInFx]:
        """All FX in order; behind a container, what is in it."""
        return list(every_fx(self.fx))

    def put_in_container(self, *fx: StandInFx) -> FxContainer:
        """Put FX of the chain into a new container, in the place of the first of them."""
        container = self.project.create_fx("Container")
        assert isinstance(container, FxContainer)
        self.fx[self.fx.index(fx[0])] = container
        self.fx[:] = [kept for kept in self.fx if kept not in fx]
        container.fx[:] = fx
        self.project.touch()
        return container

    def find_fx(self, name: str) -> StandInFx:
        """The first FX whose name holds `name`."""
        return next(fx for fx in self.every_fx() if name.lower() in fx.name.lower())

    def fx_envelope(self, fx: StandInFx, parameter: int) -> FxEnvelope:
        """The envelope of a parameter, made and switched on where it was not."""
        found = next((e for e in self.envelopes if e.fx is fx and e.parameter == parameter), None)
        if found is None:
            found = FxEnvelope(self, fx, parameter)
            found.points = [EnvelopePoint(0.0, found.raw(fx.read_normalized(parameter)))]
            self.envelopes.append(found)
        found.is_active = True
        self.project.touch()
        return found

    def add_envelope(self, fx: StandInFx, parameter: str, points: list[tuple[float, float]]) -> FxEnvelope:
        """An envelope of (project time, raw value) points."""
        envelope = FxEnvelope(self, fx, fx.index(parameter), points=[EnvelopePoint(*point) for point in points])
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
        """What an accessor reads, the items alone: (channels, frames) at the project's rate; None where none lies."""
        rate = self.project.sample_rate_hz
        output: Audio | None = None
        first = round(start_s * rate)
        for item in self._items_between(start_s, start_s + frames / rate):
            offset = round(item.position_s * rate)
            length = min(round(item.length_s * rate), item.audio.shape[1])
            begin, end = max(first, offset), min(first + frames, offset + length)
            if end > begin and not item.is_muted:
                output = np.zeros((self.channels, frames), np.float32) if output is None else output
                room = output[: max(2, len(item.audio)), begin - first : end - first]
                room += item.audio[: len(room), begin - offset : end - offset]
        return output

    def _items_between(self, start_s: float, end_s: float) -> list[MediaItem]:
        """The items that may reach into a stretch, in order of time. A track may hold thousands."""
        key = self.audio_version, len(self.items)
        if self._sorted is None or self._sorted[0] != key:
            items = sorted(self.items, key=lambda item: item.position_s)
            longest_s = max((item.length_s for item in items), default=0.0)
            self._sorted = key, items, [item.position_s for item in items], longest_s
        _, items, starts_s, longest_s = self._sorted
        return items[bisect_left(starts_s, start_s - longest_s - 1e-3) : bisect_left(starts_s, end_s + 1e-3)]

    def output(self, start_s: float, frames: int) -> Audio:
        """What leaves the FX chain: (channels, frames) at the project's rate. FX take what their pins say."""
        rate = self.project.sample_rate_hz
        audio = self.pre_fx(start_s, frames)
        audio = np.zeros((self.channels, frames), np.float32) if audio is None else audio
        add_routed(self, audio, start_s)
        for fx in self.every_fx():
            if isinstance(fx, ReaSynthDouble):
                fx.load_notes(self._notes(start_s))
        return render_chain(self.fx if self.is_fx_enabled else (), audio, rate)

    def render(self, start_s: float = 0.0, end_s: float | None = None) -> Audio:
        """The first two channels of what leaves the FX chain: (2, frames) at the project's rate."""
        frames = round(((self.length_s() if end_s is None else end_s) - start_s) * self.project.sample_rate_hz)
        return self.output(start_s, frames)[:2]

    def _notes(self, start_s: float) -> list[Note]:
        """The notes of all items, in seconds from `start_s` on."""
        return [
            Note(item.position_s + note.start_s - start_s, note.length_s, note.pitch_hz)
            for item in self.items
            for note in item.notes
            if not item.is_muted
        ]

    # ------------------------------------------------------------ undo

    def capture(self) -> TrackState:
        return TrackState(
            settings=(
                self.name,
                self.is_muted,
                self.folder_depth,
                self.automation_mode,
                self.channels,
                self.sends_to_parent,
                tuple(self.receives),
            ),
            items=tuple((item, item.position_s, item.length_s) for item in self.items),
            fx=tuple((fx, fx.capture()) for fx in self.fx),
            envelopes=tuple((e, e.is_active, tuple(e.points)) for e in self.envelopes),
        )

    def restore_settings(self, settings: tuple[Any, ...]) -> None:
        (
            self.name, self.is_muted, self.folder_depth, self.automation_mode, self.channels, self.sends_to_parent,
            receives,
        ) = settings  # fmt: skip
        self.receives[:] = receives

    def restore_items(self, items: tuple[tuple[MediaItem, float, float], ...]) -> None:
        self.items[:] = [item for item, _, _ in items]
        for item, position_s, length_s in items:
            item.position_s, item.length_s = position_s, length_s
        self.audio_version += 1

    def restore_fx(
        self,
        chain: tuple[tuple[StandInFx, FxState], ...],
        envelopes: tuple[tuple[FxEnvelope, bool, tuple[EnvelopePoint, ...]], ...],
    ) -> None:
        self.fx[:] = [fx for fx, _ in chain]
        for fx, state in chain:
            fx.restore(state)
        self.envelopes[:] = [envelope for envelope, _, _ in envelopes]
        for envelope, is_active, points in envelopes:
            envelope.is_active, envelope.points = is_active, list(points)
