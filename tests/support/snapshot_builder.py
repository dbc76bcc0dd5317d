"""Tracks as REAPER would describe them: FX with made-up laws, displayed as texts, since no real law may matter."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control, unit_of
from bridge.plugins.chain.display_law import RangeLaw
from bridge.reaper.protocol.fx_snapshot import EqBandRole, FxSnapshot, ParameterSnapshot

GRID = tuple(point / 32 for point in range(33))


@dataclass(frozen=True)
class Law:
    """What an FX does with a normalized value: `low`..`high`, straight, bent or logarithmic, shown with `decimals`."""

    low: float
    high: float
    suffix: str = ""
    bend: float = 1.0
    is_log: bool = False
    decimals: int = 2
    steps: int = 0  # 0: continuous

    def value(self, normalized: float) -> float:
        if self.steps:
            normalized = round(normalized * self.steps) / self.steps
        if self.is_log:
            return self.low * (self.high / self.low) ** (normalized**self.bend)
        return self.low + (self.high - self.low) * normalized**self.bend

    def normalized(self, value: float) -> float:
        share = (
            math.log(value / self.low) / math.log(self.high / self.low)
            if self.is_log
            else (value - self.low) / (self.high - self.low)
        )
        return min(max(share, 0.0), 1.0) ** (1 / self.bend)

    def text(self, normalized: float) -> str:
        return f"{self.value(normalized):.{self.decimals}f}{self.suffix}"


HZ = Law(20.0, 24000.0, " Hz", is_log=True, decimals=1)
GAIN = Law(-24.0, 24.0, " dB", decimals=2)
OCTAVES = Law(0.05, 4.0, "", decimals=2)

COMP_AT_REST = {
    "Auto Release": (0.0, "Off"), "Hipass": (0.0, "0 Hz"), "Lowpass": (1.0, "20000 Hz"), "Pre-comp": (0.0, "0.0 ms"),
    "Knee": (0.0, "0.0 dB"), "RMS size": (0.005, "5.0 ms"), "SignIn": (0.0, "Main Input L+R"), "resvd": (0.0, ""),
    "AudIn": (0.0, ""), "Filter Preview": (0.0, "Off"), "Legacy Attack/Knee Options": (0.0, ""),
    "Deprecated Broken Anti-Alias": (0.0, "Off"), "Multichannel Mode": (0.0, ""), "Metering Index": (0.3, ""),
}  # fmt: skip


class SnapshotBuilder:
    """Builds FX and chains for tests."""

    Law = Law

    def parameter(
        self, name: str, law: Law, value: float, *, index: int = 0, has_grid: bool = True, **more
    ) -> ParameterSnapshot:
        normalized = law.normalized(value)
        return ParameterSnapshot(
            index=index,
            ident=f"{index}:{name}",
            name=name,
            normalized=normalized,
            text=law.text(normalized),
            min=0.0,
            max=1.0,
            mid=0.5,
            grid=tuple((n, law.text(n)) for n in GRID) if has_grid else (),
            **more,
        )

    def fx(self, plugin: str, parameters: Sequence[ParameterSnapshot], /, **more) -> FxSnapshot:
        values = {
            "guid": "{" + str(uuid.uuid4()).upper() + "}",
            "ident": f"/opt/REAPER/Plugins/{plugin.lower()}.vst.so<1919247729",
            "type": "VST",
            "name": f"VST: {plugin} (Cockos)",
            "original_name": f"VST: {plugin} (Cockos)",
            "index": 0,
            "enabled": True,
            "offline": False,
            "parameters": tuple(parameters),
        }
        return FxSnapshot(**{**values, **more})

    def rea_eq(
        self,
        bands: Sequence[tuple[int, int, bool, float, float, float]] = (
            (1, 0, True, 100.0, 0.0, 1.9),
            (2, 0, True, 300.0, 0.0, 1.4),
            (2, 1, True, 3000.0, 0.0, 1.4),
            (4, 0, True, 8000.0, 0.0, 1.9),
            (0, 0, False, 80.0, 0.0, 1.9),
        ),
        *,
        hz: Law = HZ,
        gain: Law = GAIN,
        octaves: Law = OCTAVES,
        master_gain_db: float | None = None,
        **more,
    ) -> FxSnapshot:
        """Bands are (band type, band index, enabled, frequency in Hz, gain in dB, bandwidth in octaves)."""
        parameters: list[ParameterSnapshot] = []
        for number, (band_type, band_index, enabled, *values) in enumerate(bands, start=1):
            laws = (("frequency", "Freq", hz), ("gain", "Gain", gain), ("q", "BW", octaves))
            for (kind, word, law), value in zip(laws, values, strict=True):
                role = EqBandRole(band_type=band_type, band_index=band_index, kind=kind, enabled=enabled)
                made = self.parameter(f"{word}-Band {number}", law, value, index=len(parameters), eq=role)
                parameters.append(made)
        if master_gain_db is not None:
            role = EqBandRole(band_type=-1, band_index=0, kind="gain", enabled=True)
            parameters.append(self.parameter("Global Gain", gain, master_gain_db, index=len(parameters), eq=role))
        return self.fx("ReaEQ", parameters, **more)

    def rea_comp(
        self, *, dry: str = "-inf", auto_gain: float = 0.0, beside: Mapping[str, tuple[float, str]] = {}, **more
    ) -> FxSnapshot:
        """`beside`: more parameters by name, each (normalized, displayed text), in the place of those at rest."""
        laws = {
            "Thresh": (Law(-60.0, 6.0, " dB", bend=0.7), 0.0),
            "Ratio": (Law(1.0, 20.0, ":1", bend=2.0), 1.0),
            "Attack": (Law(0.0, 500.0, " ms", bend=1.5), 3.0),
            "Release": (Law(0.0, 5000.0, " ms", bend=2.0), 100.0),
            "Wet": (Law(-60.0, 12.0, " dB", bend=0.5), 0.0),
        }
        parameters = [
            self.parameter(name, law, value, index=index) for index, (name, (law, value)) in enumerate(laws.items())
        ]
        switch = Law(0.0, 1.0, decimals=0)
        parameters.append(self.parameter("Auto make up gain", switch, auto_gain, index=5, is_toggle=True))
        dry_parameter = self.parameter("Dry", GAIN, -24.0, index=6)
        parameters.append(ParameterSnapshot(**{**_fields(dry_parameter), "text": dry, "grid": ()}))
        for name, (normalized, text) in (COMP_AT_REST | dict(beside)).items():
            parameter = self.parameter(name, GAIN, 0.0, index=len(parameters), has_grid=False)
            parameters.append(ParameterSnapshot(**{**_fields(parameter), "normalized": normalized, "text": text}))
        return self.fx("ReaComp", parameters, **{"index": 1, **more})

    def control(self, slot: str, name: str, low: float, high: float, scale: str = "linear", **more) -> Control:
        law = RangeLaw(low=low, high=high, scale=scale)
        neutral = law.to_normalized(more.pop("neutral", low))
        return Control(slot=slot, name=name, unit=unit_of(name), law=law, neutral=neutral, **more)

    def chain(self, *slots: Slot) -> Chain:
        return Chain(name="test-chain", slots=slots)

    def strip(self) -> Chain:
        """The shape of channel-strip."""
        c = self.control

        def band(slot: str, low: float, high: float, *more: Control) -> tuple[Control, ...]:
            return (
                c(slot, "cutoff_frequency_hz", low, high, "log", neutral=math.sqrt(low * high)),
                c(slot, "gain_db", -15.0, 15.0, neutral=0.0),
                *more,
            )

        def q(slot: str) -> Control:
            return c(slot, "q", 0.3, 4.0, "log", neutral=1.0)

        return self.chain(
            Slot(
                name="low_cut",
                plugin="builtin:HighpassFilter",
                controls=(c("low_cut", "cutoff_frequency_hz", 20.0, 400.0, "log"),),
            ),
            Slot(
                name="low_shelf",
                plugin="builtin:LowShelfFilter",
                fixed={"q": 0.707},
                controls=band("low_shelf", 60.0, 500.0),
            ),
            Slot(
                name="peak_low",
                plugin="builtin:PeakFilter",
                controls=band("peak_low", 120.0, 1200.0, q("peak_low")),
            ),
            Slot(
                name="peak_high",
                plugin="builtin:PeakFilter",
                controls=band("peak_high", 1000.0, 8000.0, q("peak_high")),
            ),
            Slot(
                name="compressor",
                plugin="builtin:Compressor",
                controls=(
                    c("compressor", "threshold_db", -48.0, 0.0, neutral=0.0),
                    c("compressor", "ratio", 1.0, 10.0, "log"),
                    c("compressor", "attack_ms", 0.5, 80.0, "log", neutral=10.0),
                    c("compressor", "release_ms", 20.0, 600.0, "log", neutral=120.0),
                ),
            ),
            Slot(
                name="output",
                plugin="builtin:Gain",
                controls=(c("output", "gain_db", -24.0, 24.0, neutral=0.0, role="output_gain"),),
            ),
        )


def _fields(parameter: ParameterSnapshot) -> dict[str, object]:
    return {name: getattr(parameter, name) for name in parameter.__struct_fields__}
