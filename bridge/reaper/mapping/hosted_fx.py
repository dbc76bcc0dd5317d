"""Plugins of the track that Bridge hosts itself, with the state that REAPER shows: foreign VST3 effects.

A plugin is found by the name of its file among those that are installed where Bridge looks; a request names no path. It
is taken for the same only where it shows what it shows in REAPER. What a plugin keeps beside its parameters, such as a
file that it has loaded, no host can see.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.decibels import power_to_db
from bridge.errors import PluginCrashed, PluginError, PluginHung, SeveralPlugins, truncated
from bridge.plugins.chain.catalog import file_stamp
from bridge.plugins.chain.chain import VST3, Chain, Slot, unique_names
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.plugins.worker.protocol import ShownParameter, TryStateReply
from bridge.reaper.mapping.bundle_member import find_member
from bridge.reaper.mapping.context_slot import ContextSlot
from bridge.reaper.mapping.display_law import read_quantity
from bridge.reaper.mapping.fx_matching import is_active
from bridge.reaper.mapping.identity import file_stem
from bridge.reaper.mapping.recognised.filters import frequencies_hz
from bridge.reaper.protocol.fx_snapshot import FxSnapshot, ParameterSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind
from bridge.types import Float64

MOST_KEPT = 64
"""States whose trial is remembered: the next job on a track finds the same ones."""

LOOK_AGAIN_S = 1.0
"""How long the folders of plugins are not gone through again: a track may have many FX that are not installed."""

MOST_RESPONSES = 2048
"""Responses that are remembered: they are asked for again with the next job."""

MAX_ERROR = 300  # characters

IMPULSE_FRAMES, IMPULSE_RATE_HZ, IMPULSE_PEAK = 32_768, 48_000, 0.25

_SAME_VALUE = 0.02  # normalized: as far as a plugin may round
_SAME_NUMBER = 0.015  # share by which two displays of one value may differ
_BYPASS = "bypass"  # REAPER shows its own switch in the place of the plugin's


class HostedFx:
    """Hosts plugins of tracks for the guard. One for a daemon: it remembers what was tried."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._looked_s = -math.inf
        self._responses: dict[bytes, Float64] = {}
        self._members: dict[tuple[Path, int], tuple[str, ...]] = {}  # of bundles, by their state
        self._tried: dict[tuple[str, int, tuple[tuple[str, float], ...]], TryStateReply | PluginError] = {}

    def __call__(self, fx: FxSnapshot) -> ContextSlot | LeftAlone:
        """The FX as a slot with all of its settings, or why it cannot be rendered."""
        if fx.type != "VST3":
            return LeftAlone(what=fx.name, kind=LeftAloneKind.NOT_RENDERED)
        if (path := self._installed(fx)) is None:
            return LeftAlone(what=fx.name, kind=LeftAloneKind.NOT_INSTALLED)
        names = unique_names([parameter.name for parameter in fx.parameters])
        shown = dict(zip(names, fx.parameters, strict=True))
        plugin, normalized = f"{VST3}:{path.stem}", {name: parameter.normalized for name, parameter in shown.items()}
        tried = self._try(plugin, path, normalized)
        if isinstance(tried, SeveralPlugins):
            plugin = self._member(plugin, path, fx)
            tried = self._try(plugin, path, normalized)
        if isinstance(tried, PluginError):
            return LeftAlone(what=fx.name, kind=LeftAloneKind.HOST_FAILED, error=truncated(str(tried), MAX_ERROR))
        for parameter in tried.parameters:
            if not _is_same(parameter, there := shown.get(parameter.name)):
                text = there.text if there is not None else ""
                return LeftAlone(
                    what=fx.name, kind=LeftAloneKind.HOST_DIFFERS, fx=fx.name, parameter=parameter.name, text=text
                )
        return self._context_slot(fx, plugin, tried, shown)

    def _context_slot(
        self, fx: FxSnapshot, plugin: str, tried: TryStateReply, shown: Mapping[str, ParameterSnapshot]
    ) -> ContextSlot:
        name = f"FX {fx.index + 1}, {plugin}"
        known = [parameter for parameter in tried.parameters if parameter.name in shown]
        controls = tuple(Control(slot=name, name=one.name, unit="", law=RangeLaw(low=0.0, high=1.0)) for one in known)
        slot = Slot(name=name, plugin=plugin, controls=controls, fingerprint=tried.fingerprint)
        values = tuple(shown[one.name].normalized for one in known)
        places = {shown[one.name].index: place for place, one in enumerate(known)}
        texts = {shown[one.name].index: one.texts for one in known}
        meter = _ResponseMeter(self._host, slot, values, places, self._responses)
        return ContextSlot(fx, slot, values, places, texts, meter)

    def plugin_of(self, fx: FxSnapshot) -> str | None:
        """The plugin of an FX as a chain names it; None for one that is no VST3, is not installed, or is not heard."""
        if fx.type != "VST3" or not is_active(fx) or (path := self._installed(fx)) is None:
            return None
        return f"{VST3}:{path.stem}"

    def _member(self, plugin: str, path: Path, fx: FxSnapshot) -> str:
        """The plugin of a bundle that the FX is; the bundle itself, which nothing can be said of, where none is."""
        key = (path, file_stamp(path))
        if key not in self._members:
            self._members[key] = self._host.plugin_names(plugin)
        member = find_member(self._members[key], fx.original_name)
        return plugin if member is None else f"{plugin}/{member}"

    def _installed(self, fx: FxSnapshot) -> Path | None:
        found = self._bundle(wanted := file_stem(fx.ident))
        if found is None and time.monotonic() - self._looked_s > LOOK_AGAIN_S:
            self._host.catalog.refresh()  # it may have been installed or moved since
            found, self._looked_s = self._bundle(wanted), time.monotonic()
        return found

    def _bundle(self, wanted: str) -> Path | None:
        bundles = self._host.catalog.bundles().items()
        return next((path for stem, path in bundles if stem.lower() == wanted and path.exists()), None)

    def _try(self, plugin: str, path: Path, normalized: Mapping[str, float]) -> TryStateReply | PluginError:
        """What the plugin shows in a state. One that crashed or hung is not tried again until its file changes."""
        key = (plugin, file_stamp(path), tuple(normalized.items()))
        failed = (*key[:2], ())
        if (known := self._tried.get(failed) or self._tried.get(key)) is not None:
            return known
        if len(self._tried) >= MOST_KEPT:
            del self._tried[next(iter(self._tried))]
        try:
            self._tried[key] = found = self._host.try_state(plugin, normalized)
        except PluginError as error:
            self._tried[failed if isinstance(error, (PluginCrashed, PluginHung)) else key] = error
            return error
        return found


@dataclass(frozen=True)
class _ResponseMeter:
    """Measures what a hosted plugin does to an impulse: see `context_slot.Response`."""

    host: PluginHost
    slot: Slot
    values: tuple[float, ...]
    places: Mapping[int, int]

    known: dict[bytes, Float64]

    def __call__(self, normalized: Mapping[int, float]) -> Float64 | None:
        row = np.array(self.values, dtype=np.float32)
        for index, value in normalized.items():
            if index not in self.places:
                return None
            row[self.places[index]] = value
        key = self.slot.plugin.encode() + row.tobytes()
        if key in self.known:
            return self.known[key]
        impulse = np.zeros((2, IMPULSE_FRAMES), dtype=np.float32)
        impulse[:, 0] = IMPULSE_PEAK
        chain = Chain(name="measured", slots=(self.slot,))
        try:
            (heard,) = self.host.render(chain, [RenderInput(impulse, IMPULSE_RATE_HZ, np.clip(row, 0.0, 1.0))])
        except PluginError:
            return None
        power = np.square(np.abs(np.fft.rfft(heard[0].astype(np.float64) / IMPULSE_PEAK)))
        at_hz = np.fft.rfftfreq(IMPULSE_FRAMES, 1 / IMPULSE_RATE_HZ)
        if len(self.known) >= MOST_RESPONSES:
            del self.known[next(iter(self.known))]
        self.known[key] = power_to_db(np.interp(frequencies_hz(), at_hz, power))
        return self.known[key]


def _is_same(parameter: ShownParameter, there: ParameterSnapshot | None) -> bool:
    """Whether Bridge's plugin shows what REAPER's does."""
    if there is None:
        return _BYPASS in parameter.name.casefold()
    if abs(parameter.normalized - there.normalized) > _SAME_VALUE:
        return False
    ours, theirs = read_quantity(parameter.text), read_quantity(there.text)
    if ours is None or theirs is None:
        return parameter.text.strip().casefold() == there.text.strip().casefold()
    if math.isinf(ours.value) or math.isinf(theirs.value):
        return ours.value == theirs.value
    return abs(ours.value - theirs.value) <= ours.step + theirs.step + _SAME_NUMBER * abs(theirs.value)
