"""A project tab: its tracks, its settings, the FX that are made for it, and an undo history that really restores.

Objects die with what holds them, as REAPER's pointers do; undo may bring them back. No Lua here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from bridge.errors import PluginMissing
from bridge.plugins.chain.catalog import Catalog
from bridge.standin.fx.container import FxContainer
from bridge.standin.fx.fx import StandInFx
from bridge.standin.fx.hosted import HostedFx
from bridge.standin.fx.instrument import ReaSynthDouble
from bridge.standin.fx.stock import ReaCompDouble, ReaEqDouble
from bridge.standin.fx.stock_dynamics import ReaGateDouble, ReaXcompDouble
from bridge.standin.fx.stock_limiter import ReaLimitDouble
from bridge.standin.project.envelope import EnvelopePoint
from bridge.standin.project.track import ReaperTrack
from bridge.standin.project.undo import UndoHistory
from bridge.types import Audio

USERS_NUMBERS = {  # render settings as a user may have left them
    "RENDER_SETTINGS": 3.0, "RENDER_BOUNDSFLAG": 0.0, "RENDER_CHANNELS": 1.0, "RENDER_SRATE": 44100.0,
    "RENDER_DITHER": 1.0, "RENDER_ADDTOPROJ": 1.0, "RENDER_NORMALIZE": 1.0, "RENDER_TAILFLAG": 2.0,
    "RENDER_STARTPOS": 1.0, "RENDER_ENDPOS": 4.0,
}  # fmt: skip
USERS_TEXTS = {
    "RENDER_FILE": "/my renders", "RENDER_PATTERN": "$project final", "RENDER_FORMAT": "bDNwbQ==",
    "RENDER_FORMAT2": "bDNwbQ==",
}  # fmt: skip

STOCK: dict[str, Callable[..., StandInFx]] = {
    "reaeq": ReaEqDouble,
    "reacomp": ReaCompDouble,
    "reagate": ReaGateDouble,
    "realimit": ReaLimitDouble,
    "reaxcomp": ReaXcompDouble,
    "reasynth": ReaSynthDouble,
}
RECORDING_MODES = (2, 3, 4)  # touch, write, latch
NO_OVERRIDE = -1


class ReaperProject:
    """One project tab. `create_fx` and `touch` are for the stand-in; tests use tracks, undo and the ranges."""

    kind = "ReaProject*"

    def __init__(self, path: str, sample_rate_hz: int, rng: random.Random, catalog: Catalog) -> None:
        self.path, self.sample_rate_hz = path, sample_rate_hz
        self.has_own_rate = True  # False: it takes the audio device's, and what rate is stored in it means nothing
        self.is_alive = True
        self.tracks: list[ReaperTrack] = []
        self.time_selection = (0.0, 0.0)
        self.cursor_s = 0.0
        self.automation_override = NO_OVERRIDE
        self.render_numbers = dict(USERS_NUMBERS)
        self.render_texts = dict(USERS_TEXTS)
        self.renders: list[Any] = []  # what was rendered, see `rendering.Render`
        self.render_fault: Any = None  # what goes wrong with renders, see `rendering.RenderFault`
        self.play_state = 0  # bits: 1 plays, 2 paused, 4 records
        self.change_count = 1
        self.ext_state: dict[tuple[str, str], str] = {}
        self.master = ReaperTrack(self, "MASTER", is_master=True)
        self._rng = rng
        self._catalog = catalog
        self._all_fx: list[StandInFx] = []  # also those removed: undo may bring them back
        self.history = UndoHistory(self)

    def add_track(self, name: str = "", audio: Audio | None = None, *, position_s: float = 0.0) -> ReaperTrack:
        """A new track at the end, with `audio` (channels, samples) at the project's rate as its one item."""
        track = ReaperTrack(self, name)
        self.tracks.append(track)
        if audio is not None:
            track.add_item(audio, position_s=position_s)
        self.history.rebase()
        return track

    def remove_track(self, track: ReaperTrack) -> None:
        self.tracks.remove(track)
        self.touch()

    def touch(self) -> None:
        """Something of the project has changed."""
        self.change_count += 1

    def create_fx(self, name: str, **options: Any) -> StandInFx | None:
        """A stock double or a hosted VST3 plugin by the name that a user would give; None where it is unknown."""
        if name == "Container":
            return self.own_fx(FxContainer(self.touch))
        kind, colon, bare = name.partition(":")
        bare = (bare if colon else name).strip()
        stock = STOCK.get(bare.removesuffix(" (Cockos)").lower()) if not colon or kind in ("VST", "VSTi") else None
        if stock is None and colon and kind != "VST3":
            return None
        try:
            fx = stock(self._rng, self.touch, **options) if stock else self._host(bare, options)
        except PluginMissing:
            return None
        return self.own_fx(fx)

    def own_fx(self, fx: StandInFx) -> StandInFx:
        """Have an FX record automation, and end with the project."""
        fx.record = self.record_automation
        self._all_fx.append(fx)
        return fx

    def record_automation(self, fx: StandInFx, parameter: int, normalized: float) -> None:
        """A parameter was set, by hand or by whatever: in touch, latch and write mode that is automation, and its
        envelope is made where there is none (REAPER's option for that is on)."""
        track = next((track for track in self.every_track() if fx in track.every_fx()), None)
        if track is None:
            return
        mode = track.automation_mode if self.automation_override == NO_OVERRIDE else self.automation_override
        if mode in RECORDING_MODES:
            envelope = track.fx_envelope(fx, parameter)
            envelope.insert(EnvelopePoint(self.cursor_s, envelope.raw(normalized)), is_sorted=True)

    def _host(self, name: str, options: dict[str, Any]) -> StandInFx:
        return HostedFx(self._catalog.find(name.partition(" (")[0]), self.touch, **options)

    def every_track(self) -> list[ReaperTrack]:
        return [self.master, *self.tracks]

    def tick(self, ticks: int = 0) -> None:
        """The `ticks`-th tick passes."""
        for fx in self._all_fx:
            fx.tick(ticks)

    def play_envelopes(self) -> None:
        """Every envelope in force sets its parameter to its value at the edit cursor."""
        for track in self.every_track():
            for envelope in track.envelopes:
                if envelope.is_alive and envelope.is_in_force:
                    envelope.apply_at(self.cursor_s)

    def close(self) -> None:
        """The tab is closed: everything in it dies."""
        self.is_alive = False
        for fx in self._all_fx:
            fx.close()
        self._all_fx.clear()

    # ------------------------------------------------------------ undo

    def capture(self) -> dict[str, Any]:
        """The state by the parts that undo flags name."""
        states = [(track, track.capture()) for track in self.every_track()]
        return {
            "tracks": tuple((track, s.settings) for track, s in states),
            "fx": tuple((track, s.fx, s.envelopes) for track, s in states),
            "items": tuple((track, s.items) for track, s in states),
        }

    def restore(self, part: str, state: Any) -> None:
        """Put one part of a captured state back."""
        if part == "tracks":
            self.tracks[:] = [track for track, _ in state if not track.is_master]
        for track, *saved in state:
            if part == "tracks":
                track.restore_settings(*saved)
            elif part == "items":
                track.restore_items(*saved)
            else:
                track.restore_fx(*saved)
        self.touch()
