"""What the scripts say of a track's FX in a request: how REAPER runs each, and what its parameters are and display."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bridge.reaper.protocol.left_alone import FxMode, ModulationKind
from bridge.reaper.protocol.message import Message

FULLY_WET = 0.999
"""REAPER's own Wet knob from here on counts as 100 %."""


class EqBandRole(Message, frozen=True):
    """What ReaEQ says a parameter does (TrackFX_GetEQParam): stable where its index and name are not."""

    band_type: int  # -1 master gain, 0 hipass, 1 loshelf, 2 band, 3 notch, 4 hishelf, 5 lopass
    band_index: int
    kind: Literal["frequency", "gain", "q"]
    enabled: bool


class Modulation(Message, frozen=True):
    """What moves a parameter beside envelopes. A link names what it follows, where that could be found."""

    kind: ModulationKind
    fx_guid: str = ""
    index: int = -1

    @property
    def is_moving(self) -> bool:
        """Whether the parameter may move by itself. A link of known source stands as long as nobody moves that."""
        return self.kind in (ModulationKind.LFO, ModulationKind.AUDIO) or (
            self.kind is ModulationKind.LINK and not self.fx_guid
        )


class ParameterSnapshot(Message, frozen=True):
    """One FX parameter as REAPER shows it. `grid` holds (normalized, text) pairs in rising order."""

    index: int
    ident: str
    name: str
    normalized: float  # as read: some plugins report slightly outside 0..1
    text: str
    min: float
    max: float
    mid: float
    step: float | None = None
    is_toggle: bool = False
    automated: bool = False  # an armed envelope in a reading mode would override a static write
    grid: Annotated[tuple[tuple[float, str], ...], msgspec.Meta(max_length=1024)] = ()
    eq: EqBandRole | None = None
    modulation: Modulation | None = None

    @property
    def is_held(self) -> bool:
        """Whether something else than what is written decides about its value."""
        return self.automated or self.modulation is not None


class FxSnapshot(Message, frozen=True):
    """An FX of the track as REAPER had it when the request was made."""

    guid: str
    ident: str  # TrackFX_GetNamedConfigParm 'fx_ident'
    type: str  # 'fx_type': "VST3", "VST", "JS", ...
    name: str  # as shown in the chain, may be renamed by the user
    original_name: str
    index: int  # its place in the order of the sound, 0-based, those in containers counted
    enabled: bool
    offline: bool
    parameters: tuple[ParameterSnapshot, ...]
    wet: float = 1.0  # REAPER's own ':wet', normalized: below 1 the untouched sound is mixed in
    modes: tuple[FxMode, ...] = ()
    container: str = ""  # GUID of the container that the FX is in, which stands before it; '' for the track's own
