"""Made-up lists of plugins' parameters with their labels, in the style of those that hosts show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from listed_doubles import Listed

from bridge.standin.fx.listed_laws import Label

_Row = tuple[str, Label, Sequence[str]]


def listed(name: str, kind: str, rows: Sequence[_Row], *, format: str = "VST") -> Listed:
    """A list of these parameters, in this order."""
    parameters = [{"index": i, "name": name, "texts": list(texts)} for i, (name, _, texts) in enumerate(rows)]
    data: dict[str, Any] = {"fx_name": f"{format}: {name}", "format": format, "kind": kind, "parameters": parameters}
    return Listed(name, data, {index: label for index, (_, label, _) in enumerate(rows)})


def _eq(role: str, band: int, unit: str = "", *flags: str) -> Label:
    return Label(role, "eq", band, unit, flags)


def _band(prefix: str, number: int, *, has_type: bool) -> list[_Row]:
    rows: list[_Row] = [
        (f"{prefix} Frequency", _eq("freq", number, "Hz"), ()),
        (f"{prefix} Gain", _eq("gain", number, "dB"), ("-18.0 dB", "0.0 dB", "18.0 dB")),
        (f"{prefix} Q", _eq("q", number, "Q"), ("0.10", "1.00", "10.0")),
    ]
    if has_type:
        types = ("Bell", "Low Shelf", "Low Cut", "High Shelf", "High Cut")
        rows += [
            (f"{prefix} Shape", _eq("type", number, "enum"), types),
            (f"{prefix} Used", _eq("enabled", number), ()),
        ]
    return rows


FREE_EQ = listed(
    "Free Equaliser",
    "eq",
    [row for number in range(1, 9) for row in _band(f"Band {number}", number, has_type=True)]
    + [("Output Level", Label("output", "global", None, "dB"), ()), ("MIDI CC 1", Label("none"), ("", ""))],
)

CONSOLE_EQ = listed(
    "Console Equaliser",
    "eq",
    [
        ("HPF Frequency", Label("freq", "hpf", None, "Hz", ("sentinel_text",)), ("OUT", "80 Hz", "350 Hz")),
        ("LF Frequency", _eq("freq", 1, "Hz"), ("30 Hz", "150 Hz", "600 Hz")),
        ("LF Gain", _eq("gain", 1, "dB"), ("-15.0 dB", "0.0 dB", "15.0 dB")),
        ("LF Type", _eq("type", 1, "enum"), ("Shelf", "Bell")),
        ("LMF Frequency", _eq("freq", 2, "Hz"), ("100 Hz", "500 Hz", "2500 Hz")),
        ("LMF Gain", _eq("gain", 2, "dB"), ("-15.0 dB", "0.0 dB", "15.0 dB")),
        ("LMF Q", _eq("q", 2, "Q", "reversed"), ("4.00", "1.50", "0.30")),
        ("HMF Frequency", _eq("freq", 3, "Hz"), ("600 Hz", "2500 Hz", "8000 Hz")),
        ("HMF Gain", _eq("gain", 3, "dB"), ("-15.0 dB", "0.0 dB", "15.0 dB")),
        ("HMF Q", _eq("q", 3, "Q", "reversed"), ("4.00", "1.50", "0.30")),
        ("HF Frequency", _eq("freq", 4, "Hz"), ("1500 Hz", "6000 Hz", "16000 Hz")),
        ("HF Gain", _eq("gain", 4, "dB"), ("-15.0 dB", "0.0 dB", "15.0 dB")),
        ("HF Type", _eq("type", 4, "enum"), ("Shelf", "Bell")),
        ("EQ In", Label("enabled", "eq", None, "bool"), ("Out", "In")),
    ],
)


def _comp(role: str, unit: str, *flags: str) -> Label:
    return Label(role, "comp", None, unit, flags)


BUS_COMPRESSOR = listed(
    "Bus Compressor",
    "compressor",
    [
        ("Threshold", _comp("threshold", "dB", "reversed"), ("10.0 dB", "-15.0 dB", "-40.0 dB")),
        ("Ratio", _comp("ratio", ""), ("1.0:1", "4.0:1", "20.0:1")),
        ("Attack", _comp("attack", "ms"), ("0.1 ms", "3.0 ms", "100.0 ms")),
        ("Release", _comp("release", "ms"), ("10.0 ms", "150.0 ms", "1200.0 ms")),
        ("Makeup", _comp("makeup", "dB"), ("-24.0 dB", "0.0 dB", "24.0 dB")),
        ("Mix", Label("mix", "global", None, "%"), ("0 %", "50 %", "100 %")),
        ("SC HPF", Label("sc_hpf_freq", "sc", None, "Hz"), ("20 Hz", "80 Hz", "300 Hz")),
        ("Gain Reduction", Label("none"), ()),
        ("Bypass", Label("bypass", "global", None, "bool"), ("Off", "On")),
    ],
)

ALL = (FREE_EQ, CONSOLE_EQ, BUS_COMPRESSOR)
