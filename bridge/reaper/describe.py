"""English for the facts in messages: the one module on the Python side that makes sentences of them.

The daemon's log and the surfaces' status and error lines read so. REAPER's scripts have their own (`describe.lua`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from bridge.automix.describe import describe_decision
from bridge.reaper.protocol.analysed_range import AnalysedRange
from bridge.reaper.protocol.left_alone import LeftAlone, LeftAloneKind, ModulationKind, Requirement
from bridge.reaper.protocol.messages import Receipt, Reply, SkipReason
from bridge.reaper.protocol.mix_balance import BalanceDecision, BalanceKind, MixBalanceReply
from bridge.reaper.protocol.script_calls import ScriptCallAnswer
from bridge.reaper.protocol.verification import VerificationReply

_BANDS = {3: "a notch", 6: "a band pass", 7: "a parallel band pass"}

_MODULATIONS: Mapping[ModulationKind | None, str] = {
    ModulationKind.LFO: "an LFO",
    ModulationKind.AUDIO: "the sound",
    ModulationKind.LINK: "a link to another parameter",
    ModulationKind.MIDI: "a link to MIDI",
}

_REQUIREMENTS: Mapping[Requirement, str] = {
    Requirement.DRY_SIGNAL: "mixes dry signal in: set Dry to -inf",
    Requirement.AUTO_MAKEUP: "makes up gain by itself: switch its auto make-up off",
    Requirement.AUTO_RELEASE: "chooses its release by itself: switch Auto Release off",
    Requirement.DETECTOR_HIGHPASS: "does not detect the lows: set its detector's Hipass to {at_most:g} Hz or below",
    Requirement.DETECTOR_LOWPASS: "does not detect the highs: set its detector's Lowpass to {at_least:g} Hz or above",
    Requirement.LOOKAHEAD: "looks ahead: set Pre-comp to {at_most:g} ms or below",
    Requirement.KNEE: "sets in softly: set Knee to {at_most:g} dB or below",
    Requirement.RMS_WINDOW: "reacts to a long mean: set RMS size to {at_most:g} ms or below",
    Requirement.DETECTOR_INPUT: "detects another input than its own ({text}): set its Detector input to the main input",
    Requirement.FILTER_PREVIEW: "lets its detector's filters be heard: switch Preview filter off",
    Requirement.LEGACY_OPTIONS: "works as an older version of it did: switch its legacy options off",
    Requirement.OUTPUT_LIMIT: "changes its output further: switch {parameter} off",
    Requirement.MULTICHANNEL: "works on more than two channels ({text}): set {parameter} back",
    Requirement.DELTA_SOLO: "lets only what it changes be heard: switch its Delta solo off",
    Requirement.OVERSAMPLED: "is oversampled, which Bridge does not render: switch its oversampling off",
    Requirement.PARALLEL: "runs in parallel with the FX before it, which Bridge does not render",
    Requirement.PINS: "works on other channels than the first two: reset its pin connections",
}

_LEFT_ALONE: Mapping[LeftAloneKind, str] = {
    LeftAloneKind.BYPASSED: "is bypassed, so it stays as it is",
    LeftAloneKind.OFFLINE: "is offline, so it stays as it is",
    LeftAloneKind.PARTLY_DRY: "mixes the untouched sound in: set its Wet knob to 100 %",
    LeftAloneKind.DUPLICATE: "only the first one of its kind on the track is set",
    LeftAloneKind.NOT_IN_MODEL: "the model {model} does not set it",
    LeftAloneKind.UNRENDERED_BAND: "has {band} switched on, which Bridge cannot render: switch that band off",
    LeftAloneKind.UNKNOWN_SETTING: "has {parameter} at '{text}', and Bridge does not know what that does",
    LeftAloneKind.NOT_RENDERED: "is active, and Bridge cannot render what it does",
    LeftAloneKind.NOT_INSTALLED: (
        "is active, and Bridge finds no such VST3 plugin: name its folder in BRIDGE_PLUGIN_PATH"
    ),
    LeftAloneKind.HOST_DIFFERS: "is active, and hosted by Bridge it shows something else than '{text}' as {parameter}",
    LeftAloneKind.HOST_FAILED: "is active, and fails in Bridge: {error}",
    LeftAloneKind.MIXES_DRY: "has {parameter} at '{text}', which mixes the untouched sound in: set it to fully wet",
    LeftAloneKind.UNSURE_READING: (
        "Bridge is not sure what its {parameter} does: tell it with 'reaper-bridge chain roles --correct'"
    ),
    LeftAloneKind.OUT_OF_REACH: "its controls cannot do what is wanted: they would be {off_by_db:.1f} dB off",
    LeftAloneKind.UNREADABLE_SLOT: "left alone as a whole, for {slot} in it is audible and cannot be read",
    LeftAloneKind.NOT_ON_TRACK: "{fx} is not active on this track",
    LeftAloneKind.NO_BAND: "{fx} has no band of this type left: add one",
    LeftAloneKind.UNSUPPORTED: "no FX of REAPER's own does what {plugin} does; it works on files alone",
    LeftAloneKind.NO_PARAMETER: "{fx} shows no parameter for {parameter}",
    LeftAloneKind.NO_DISPLAY_LAW: "{fx}, {parameter}: what it displays is no rising or falling row of numbers",
    LeftAloneKind.UNCONFIRMED_DISPLAY: (
        "{fx}, {parameter}: it displays '{text}', which its own grid of values does not confirm"
    ),
    LeftAloneKind.OTHER_UNIT: "{fx}, {parameter}: it displays '{unit}' where the model sets '{wanted_unit}'",
    LeftAloneKind.AUTOMATED: "{fx}, {parameter} has an armed envelope, which would override the value",
    LeftAloneKind.MODULATED: "{fx}, {parameter} is moved by {modulation}",
    LeftAloneKind.LINK_SOURCE: "{fx}, {parameter} moves another parameter along, by a link",
    LeftAloneKind.CONTAINER_OFF: "is in {fx}, which is bypassed or offline: it is not heard",
    LeftAloneKind.CONTAINER_CHANGES_IT: (
        "is in {fx}, which does more than hold it: set that to fully wet, with its own pins and nothing in parallel"
    ),
    LeftAloneKind.IN_USE: "it is in use: only a control at rest can be moved and come back",
    LeftAloneKind.TOUCHED: "it was touched since",
    LeftAloneKind.TRACK_FX_OFF: "the FX button of its track is off: it would not be heard",
    LeftAloneKind.TRACK_RECORDS: "its track is in {text} mode, in which REAPER records whatever is set as automation",
    LeftAloneKind.FX_REMOVED: "its FX was removed",
    LeftAloneKind.FX_OFFLINE: "its FX is offline",
    LeftAloneKind.MODEL_DAMAGED: "changed on disk, used as it was: {error}",
}


def describe_left_alone(rows: Sequence[LeftAlone]) -> list[tuple[str, str]]:
    """(what, why) of each thing that is left alone; reasons of one thing that follow each other are joined.

    >>> describe_left_alone([LeftAlone(what="ReaDelay", kind=LeftAloneKind.BYPASSED)])
    [('ReaDelay', 'is bypassed, so it stays as it is')]
    """
    return [(what, "; ".join(map(_reason, group))) for what, group in groupby(rows, key=lambda row: row.what)]


def _reason(row: LeftAlone) -> str:
    text = _REQUIREMENTS[row.requirement] if row.requirement is not None else _LEFT_ALONE[row.kind]
    band = _BANDS.get(row.band_type or 0, f"a band of type {row.band_type}")
    modulation = _MODULATIONS.get(row.modulation, "something else")
    return text.format(**{**msgspec.structs.asdict(row), "band": band, "modulation": modulation})


def describe_reply(reply: Reply | MixBalanceReply | VerificationReply) -> str:
    """One line on a reply."""
    if reply.status == "error" and reply.error:
        return reply.error
    if isinstance(reply, VerificationReply):
        return f"{describe_decision(reply.decision)} {HEARD}" if reply.decision is not None else ""
    if isinstance(reply, MixBalanceReply):
        return describe_balance(reply.decision) if reply.decision is not None else ""
    if reply.status == "add_fx":
        return f"{_listed(reply.add_fx)} will be added, and then set."
    text = describe_decision(reply.decision) if reply.decision is not None else _describe_skipped(reply)
    if reply.balance is not None:
        tone = text if reply.decision is not None and reply.decision.is_applied else "The tone is left as it is."
        text = f"{tone} {reply.balance.gain_db:+.1f} dB as {reply.balance.role} among the others."
    if reply.unrendered and reply.decision is not None:
        text += f" Judged without {_listed(reply.unrendered)}, which Bridge cannot render."
    if reply.computed and reply.decision is not None and reply.decision.is_applied:
        text += f" What {_listed(reply.computed)} does was computed from what it displays, not heard."
    if reply.unsupported and reply.skipped in (None, SkipReason.NOTHING_TO_SET):
        text += (
            f" Without {', '.join(reply.unsupported)}, which REAPER's own FX cannot do: for all of it, "
            f"reaper-bridge automix FILE --model {reply.model}."
        )
    return text if reply.analysed is None else f"{text} {describe_analysed_range(reply.analysed)}"


_STRETCHES: Mapping[str, str] = {
    "time selection": "the time selection",
    "items": "its items",
    "project": "all of the project",
}
HEARD = "Measured as it is heard, rendered by REAPER."
_EXCERPTS_S, _SHORT_S = 0.5, 1.0  # by how much excerpts are shorter; below what a range is told more exactly


def describe_analysed_range(analysed: AnalysedRange) -> str:
    """One sentence on which stretch was listened to, and why.

    >>> describe_analysed_range(AnalysedRange(start_s=0, end_s=600, source="items", analysed_s=120))
    'Listened to 120 s of its items, from 0.0 s to 600.0 s.'
    """
    length_s, stretch, digits = analysed.end_s - analysed.start_s, _STRETCHES[analysed.source], 1
    if analysed.is_rendered:
        stretch = f"{'what feeds it' if analysed.source == 'items' else stretch}, rendered by REAPER"
    if analysed.analysed_s < length_s - _EXCERPTS_S:
        stretch = f"{analysed.analysed_s:.0f} s of {stretch}"
    elif length_s < _SHORT_S:
        digits = 2
    aside = ""
    if analysed.channels > 2:
        sends = "track sends" if analysed.side_receives == 1 else "tracks send"
        others = f", and not what {analysed.side_receives} {sends} to the others" if analysed.side_receives else ""
        aside = f" (channels 1 and 2 of {analysed.channels}{others})"
    return f"Listened to {stretch}, from {analysed.start_s:.{digits}f} s to {analysed.end_s:.{digits}f} s{aside}."


def _describe_skipped(reply: Reply) -> str:
    match reply.skipped:
        case SkipReason.NOTHING_MISSING:
            return f"Nothing to add: the track has all that {reply.model} can use."
        case SkipReason.NEEDS_AUTOMATION:
            return f'The settings of {reply.model} move in time: run "Bridge: Write as automation".'
        case SkipReason.NOT_RENDERED:
            return (
                f"Left as it is: Bridge cannot render {_listed(reply.unrendered)}, and judges only what is analysed. "
                'Bypass or freeze it, or run "Bridge: Auto-mix track, ignoring what cannot be rendered".'
            )
        case _ if reply.add_fx:
            return (
                f"Nothing to set: no FX on this track is one that {reply.model} knows. Add {_listed(reply.add_fx)}, or "
                'run "Bridge: Auto-mix track, adding missing FX".'
            )
        case _:
            reasons = "; ".join(f"{what}: {why}" for what, why in describe_left_alone(reply.left_alone)[:3])
            return f"Nothing to set by {reply.model}. {reasons}."


_BALANCE: Mapping[BalanceKind, str] = {
    BalanceKind.NOT_CLOSER: "they lie {before_lu:.1f} LU from those of real mixes already",
    BalanceKind.NO_FX: "{names} has no FX that may be set; run the action that adds missing FX first",
    BalanceKind.NO_OUTPUT_GAIN: "{names} has no FX with an output gain that may be set, such as ReaComp; add one",
    BalanceKind.UNKNOWN_ROLES: (
        "it is not clear what {names} {play}. Name tracks by their role, such as Drums, Bass, Vocals, Lead, Guitar or "
        "Keys, and run the action again"
    ),
    BalanceKind.ONE_ROLE: "all of the tracks have one role, and levels lie between roles. Select tracks of several",
    BalanceKind.OTHER_RANGES: "the tracks were heard at different times; run the action again",
    BalanceKind.OUT_OF_REACH: "{names} would need {needed_db:+.1f} dB, which its output gain does not reach",
    BalanceKind.WOULD_CLIP: "their sum would clip",
}


def describe_balance(decision: BalanceDecision) -> str:
    """One line on a mix balance."""
    if decision.kind is BalanceKind.IMPROVED:
        return (
            f"Levels between {decision.tracks} tracks: {decision.before_lu:.1f} LU from those of real mixes before, "
            f"{decision.after_lu:.1f} LU now; the sum peaks at {decision.true_peak_dbtp:.1f} dBTP."
        )
    fields = msgspec.structs.asdict(decision)
    fields |= {"names": _listed(decision.names), "play": "plays" if len(decision.names) == 1 else "play"}
    return f"The levels between the tracks stay: {_BALANCE[decision.kind].format(**fields)}."


def describe_answer(answer: ScriptCallAnswer) -> str:
    """One line on what REAPER's scripts answered to a request."""
    if answer.error:
        return answer.error
    if answer.undone:
        return f"undone: {answer.undone}"
    text = "as it was" if answer.is_compared else f"amount {100 * (answer.amount or 0.0):.0f} %"
    left_alone = describe_left_alone(answer.left_alone)
    if left_alone:
        text += f"; {left_alone[0][0]} stays: {left_alone[0][1]}"
    if len(left_alone) > 1:
        text += f", and {len(left_alone) - 1} more"
    if answer.refused:
        text += f"; REAPER shows another value for {answer.refused[0]}"
    return text


def describe_receipt(receipt: Receipt) -> str:
    """One line on what REAPER did with a reply."""
    odd = "; ".join(
        f"{row.ident}: wanted {row.wanted:.4f}, read {row.read:.4f} ({row.status})"
        for row in receipt.results
        if row.status != "ok"
    )
    return " ".join(part for part in (receipt.error, odd) if part)


def _listed(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
