"""Which FX of a track, of any maker, carry the slots of a chain that no FX which Bridge knows stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.plugins.chain.chain import Chain, Slot
from bridge.reaper.mapping.context_slot import ContextSlot, HostFx
from bridge.reaper.mapping.identity import is_called
from bridge.reaper.mapping.recognised.carrier import Carrier
from bridge.reaper.mapping.recognised.compressor_part import COMPRESSOR
from bridge.reaper.mapping.recognised.equaliser_part import SHAPES
from bridge.reaper.mapping.recognised.gain_part import GAIN
from bridge.reaper.mapping.recognised.parts import Part
from bridge.reaper.mapping.recognised.reading_fx import (
    COMPRESSORS,
    EQUALISERS,
    Recognise,
    RecognisedFx,
    compressor_parts,
    equaliser_parts,
    gain_parts,
    read_fx,
)
from bridge.reaper.protocol.fx_snapshot import FxSnapshot
from bridge.reaper.protocol.left_alone import LeftAlone


@dataclass
class CarrierSearch:
    """FX looked at one after the other until all open slots are carried.

    Attributes:
        open: slots of the chain that nothing stands for yet.
        reasons: why an FX of the right kind does not carry all that it could, by its GUID.
    """

    chain: Chain
    open: list[Slot]
    recognise: Recognise
    host_fx: HostFx | None
    preferred: Sequence[str] = ()
    carriers: list[Carrier] = field(default_factory=list)
    reasons: dict[str, LeftAlone] = field(default_factory=dict)

    def run(self, candidates: Sequence[FxSnapshot]) -> None:
        """Look at `candidates`, those that the user prefers first."""
        found = [(fx, self._look_at(fx)) for fx in sorted(candidates, key=lambda fx: not self._is_preferred(fx))]
        for _, parts in found:
            if parts is not None:
                self._add(*parts)
        self._add_gain()

    def _is_preferred(self, fx: FxSnapshot) -> bool:
        return any(is_called(fx, name) for name in self.preferred)

    def _look_at(self, fx: FxSnapshot) -> tuple[RecognisedFx, list[Part]] | None:
        found = read_fx(fx, self.recognise, None)
        equalisers = self._open(*SHAPES) if found.kind in EQUALISERS else []
        compressors = self._open(COMPRESSOR) if found.kind in COMPRESSORS else []
        if not equalisers and not compressors:
            return None
        if (hosted := self._hosted(fx)) is not None:
            found = read_fx(fx, self.recognise, hosted)
        parts: list[Part] = []
        for one in (
            equaliser_parts(found, self.chain, equalisers) if equalisers else [],
            compressor_parts(found, self.chain, compressors[0]) if compressors else [],
        ):
            if isinstance(one, LeftAlone):
                self.reasons.setdefault(fx.guid, one)
            else:
                parts += one
        for part in parts:
            for slot, _ in part.slots:
                self.open.remove(slot)
        return (found, parts) if parts else None

    def _add(self, found: RecognisedFx, parts: list[Part]) -> None:
        self.carriers.append(Carrier(found.fx, tuple(parts), found.hosted))
        self._found[found.fx.guid] = found

    def _add_gain(self) -> None:
        """The output gain in what compresses, else in what equalises."""
        gains = [slot for slot in self._open(GAIN) if any(c.role == "output_gain" for c in slot.controls)]
        order = sorted(
            self.carriers, key=lambda one: not any(s.plugin == COMPRESSOR for p in one.parts for s, _ in p.slots)
        )
        for carrier in order if gains else []:
            if parts := gain_parts(self._found[carrier.fx.guid], self.chain, gains[0]):
                place = self.carriers.index(carrier)
                self.carriers[place] = Carrier(carrier.fx, (*carrier.parts, *parts), carrier.hosted)
                self.open.remove(gains[0])
                return

    def _open(self, *plugins: str) -> list[Slot]:
        return [slot for slot in self.open if slot.plugin in plugins]

    def _hosted(self, fx: FxSnapshot) -> ContextSlot | None:
        if self.host_fx is None or fx.type != "VST3":
            return None
        hosted = self.host_fx(fx)
        return hosted if isinstance(hosted, ContextSlot) else None

    _found: dict[str, RecognisedFx] = field(default_factory=dict)
