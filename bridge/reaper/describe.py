"""English for the facts in messages: the one module on the Python side that makes sentences of them.

The daemon's log and the surfaces' status and error lines read so. REAPER's scripts have their own (`describe.lua`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, Requirement

_BAND_TYPES = {3: "a notch", 6: "a band pass", 7: "a parallel band pass"}

_REQUIREMENTS: Mapping[Requirement, str] = {
    Requirement.DRY_SIGNAL: "mixes dry signal in: set Dry to -inf",
    Requirement.AUTO_MAKEUP: "makes up gain by itself: switch its auto make-up off",
    Requirement.AUTO_RELEASE: "chooses its release by itself: switch Auto Release off",
    Requirement.DETECTOR_HIGHPASS: "does not detect the lows: set its detector's Hipass to {at_most:g} Hz or below",
    Requirement.DETECTOR_LOWPASS: "does not detect the highs: set its detector's Lowpass to {at_least:g} Hz or above",
    Requirement.LOOKAHEAD: "looks ahead: set Pre-comp to {at_most:g} ms or below",
    Requirement.KNEE: "sets in softly: set Knee to {at_most:g} dB or below",
    Requirement.RMS_WINDOW: "reacts to a long mean: set RMS size to {at_most:g} ms or below",
}

_LEFT_ALONE: Mapping[LeftAloneKind, Callable[[LeftAlone], str]] = {
    LeftAloneKind.BYPASSED: lambda _: "is bypassed, so it stays as it is",
    LeftAloneKind.OFFLINE: lambda _: "is offline, so it stays as it is",
    LeftAloneKind.PARTLY_DRY: lambda _: "mixes the untouched sound in: set its Wet knob to 100 %",
    LeftAloneKind.DUPLICATE: lambda _: "only the first one of its kind on the track is set",
    LeftAloneKind.NOT_IN_MODEL: lambda row: f"the model {row.model} does not set it",
    LeftAloneKind.UNMET_REQUIREMENT: lambda row: _REQUIREMENTS[row.requirement or Requirement.DRY_SIGNAL].format(
        at_most=row.at_most, at_least=row.at_least
    ),
    LeftAloneKind.UNRENDERED_BAND: lambda row: (
        f"has {_BAND_TYPES.get(row.band_type or 0, f'a band of type {row.band_type}')} switched on, which Bridge "
        "cannot render: switch that band off"
    ),
    LeftAloneKind.UNREADABLE_SLOT: lambda row: (
        f"left alone as a whole, for {row.slot} in it is audible and cannot be read"
    ),
    LeftAloneKind.NOT_ON_TRACK: lambda row: f"{row.fx} is not active on this track",
    LeftAloneKind.NO_BAND: lambda row: f"{row.fx} has no band of this type left: add one",
    LeftAloneKind.UNSUPPORTED: lambda row: (
        f"no FX of REAPER's own does what {row.plugin} does; it works on files alone"
    ),
    LeftAloneKind.NO_PARAMETER: lambda row: f"{row.fx} shows no parameter for {row.parameter}",
    LeftAloneKind.NO_DISPLAY_LAW: lambda row: (
        f"{row.fx}, {row.parameter}: what it displays is no rising or falling row of numbers"
    ),
    LeftAloneKind.UNCONFIRMED_DISPLAY: lambda row: (
        f"{row.fx}, {row.parameter}: it displays {row.text!r}, which its own grid of values does not confirm"
    ),
    LeftAloneKind.OTHER_UNIT: lambda row: (
        f"{row.fx}, {row.parameter}: it displays {row.unit!r} where the model sets {row.wanted_unit!r}"
    ),
    LeftAloneKind.AUTOMATED: lambda row: (
        f"{row.fx}, {row.parameter} has an armed envelope, which would override the value"
    ),
    LeftAloneKind.IN_USE: lambda _: "it is in use: only a control at rest can be moved and come back",
    LeftAloneKind.TOUCHED: lambda _: "it was touched since",
    LeftAloneKind.FX_REMOVED: lambda _: "its FX was removed",
    LeftAloneKind.FX_OFFLINE: lambda _: "its FX is offline",
    LeftAloneKind.MODEL_DAMAGED: lambda row: f"changed on disk, used as it was: {row.error}",
}


def describe_left_alone(rows: Sequence[LeftAlone]) -> list[tuple[str, str]]:
    """(what, why) of each thing that is left alone; reasons of one thing that follow each other are joined.

    >>> describe_left_alone([LeftAlone(what="ReaDelay", kind=LeftAloneKind.BYPASSED)])
    [('ReaDelay', 'is bypassed, so it stays as it is')]
    """
    grouped = groupby(rows, key=lambda row: row.what)
    return [(what, "; ".join(_LEFT_ALONE[row.kind](row) for row in group)) for what, group in grouped]
