"""English for the facts of an auto-mix: the one module on the Python side that makes sentences of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.automix.facts import (
    Decision,
    DecisionKind,
    Explanation,
    ExplanationKind,
    LoudnessKind,
    LoudnessOutcome,
    ProposalOrigin,
    SearchOutcome,
)

_UNCHANGED: Mapping[DecisionKind, str] = {
    DecisionKind.UNLIKE_RECORDINGS: "the new settings lead away from well-recorded sounds",
    DecisionKind.UNFAMILIAR: "the model knows no such sounds; with a reference or a style it has one to go by",
    DecisionKind.WOULD_SILENCE: "the new settings would silence the track",
    DecisionKind.RENDER_FAILED: "the plugins returned nothing usable with the new settings",
    DecisionKind.SILENT: "the track is silent here",
    DecisionKind.NO_SPEECH: "nobody speaks here",
    DecisionKind.UNFAMILIAR_VOICE: "if somebody speaks here, it is like no voice that the model knows",
    DecisionKind.NOTHING_TO_DO: "there is nothing beside the words to take out",
    DecisionKind.WOULD_HARM_SPEECH: "what could be taken out would harm the words",
    DecisionKind.NOT_DISPLAYED: "no FX would show the difference",
}

_ORIGINS: Mapping[ProposalOrigin, str] = {
    ProposalOrigin.TONE_MATCH: "The model knows no such sounds: fitted to the reference band by band.",
    ProposalOrigin.CHAIN_SEARCH: "No model knows this chain: fitted to the reference by trying its plugins.",
}

_LEVEL = "level with"


def describe_decision(decision: Decision) -> str:
    """One line on what was decided and why.

    >>> describe_decision(Decision(kind=DecisionKind.NOT_CLOSER, before_db=2.0, after_db=1.9))
    'Left as it is: the new settings bring the sound not clearly closer to the target (2.00 dB now, 1.90 dB with them).'
    """
    parts = [_describe_kind(decision)]
    if decision.loudness is not None:
        parts.append(describe_loudness(decision.loudness))
    if decision.is_applied and decision.origin in _ORIGINS:
        parts.append(_ORIGINS[decision.origin])
    if decision.kind is DecisionKind.IMPROVED and decision.origin is ProposalOrigin.TONE_RANGE:
        parts.append("Only what lay outside of the range of good recordings was moved, to its edge.")
    if decision.search is SearchOutcome.NEEDS_REFERENCE:
        parts.append("Not refined: a search needs a reference to go by.")
    if decision.search is SearchOutcome.FITTED_ALREADY:
        parts.append("Not refined: what was tried is fitted to the reference already.")
    if decision.nearest_db is not None and decision.familiar_db is not None:
        parts.append(_familiarity(decision.nearest_db, decision.familiar_db))
    return " ".join(parts)


def _familiarity(nearest_db: float, familiar_db: float) -> str:
    """How familiar the sound is.

    >>> _familiarity(2.94, 3.6)
    'Familiar: 2.9 dB from sounds of the training; up to 3.6 dB is known.'
    """
    how = "Familiar" if nearest_db <= familiar_db else "Unfamiliar"
    return f"{how}: {nearest_db:.1f} dB from sounds of the training; up to {familiar_db:.1f} dB is known."


def describe_loudness(outcome: LoudnessOutcome) -> str:
    """One sentence on the loudness that came out, and on the target where it was not reached."""
    loudness_lufs, peak_dbtp = outcome.loudness_lufs, outcome.true_peak_dbtp
    if outcome.kind is LoudnessKind.UNMEASURABLE:
        return "It is silent or too short to have a loudness: only the ceiling was held."
    if outcome.kind is LoudnessKind.REACHED:
        return f"It comes out at {loudness_lufs:.1f} LUFS, {peak_dbtp:.1f} dBTP."
    return (
        f"{outcome.target_lufs:.1f} LUFS were asked for; below {outcome.ceiling_dbtp:.1f} dBTP and with at most "
        f"{outcome.most_limiting_db:.0f} dB of limiting it comes to {loudness_lufs:.1f} LUFS."
    )


def describe_explanation(explanation: Explanation | None) -> str:
    """One sentence on why a control was changed; '' for None, a control that stays.

    >>> describe_explanation(Explanation(kind=ExplanationKind.TONE, low_hz=2000, high_hz=4000, before_db=-3.0))
    '2-4 kHz lay 3.0 dB below the target, now level with it.'
    """
    return "" if explanation is None else _EXPLANATIONS[explanation.kind](explanation)


def describe_band(low_hz: float | None, high_hz: float | None) -> str:
    """A frequency band as people speak of it; None is an open end.

    >>> describe_band(1250, 2500), describe_band(None, 125), describe_band(1000, 1000), describe_band(800, 1600)
    ('1.25-2.5 kHz', 'Below 125 Hz', 'Around 1 kHz', '800 Hz-1.6 kHz')
    """
    if low_hz is None or high_hz is None:
        return f"Above {_hertz(low_hz)}" if low_hz is not None else f"Below {_hertz(high_hz or 0.0)}"
    if low_hz == high_hz:
        return f"Around {_hertz(low_hz)}"
    low, high = _hertz(low_hz), _hertz(high_hz)
    return f"{low.split()[0] if low[-3:] == high[-3:] else low}-{high}"


def describe_inaudible(count: int) -> str:
    """A line on the changes that a list leaves out because nobody would hear them; '' for none."""
    return f"{count} further {'setting' if count == 1 else 'settings'} moved without being heard." if count else ""


def _describe_kind(decision: Decision) -> str:
    match decision.kind:
        case DecisionKind.IMPROVED:
            if decision.loudness is not None:
                return "Closer to the target in tone."
            change_lu = decision.loudness_change_lu
            told = "" if change_lu is None else f" The loudness changes by {change_lu:+.1f} LU."
            return f"Closer to the target, and nothing clips.{told}"
        case DecisionKind.LOUDNESS_ONLY:
            return "The tone is left as it is: nothing brought it clearly closer."
        case DecisionKind.ATTENUATED:
            places = "place" if decision.regions == 1 else "places"
            taken = f"Taken down in {decision.regions} {places} by {decision.attenuation_db:.0f} dB (median)."
            kept = f" {decision.reverted_regions} more left as they are, for the sake of the words."
            return taken + kept * bool(decision.reverted_regions)
        case DecisionKind.NOT_CLOSER:
            why = (
                "the new settings bring the sound not clearly closer to the target "
                f"({decision.before_db:.2f} dB now, {decision.after_db:.2f} dB with them)"
            )
        case DecisionKind.WITHIN_RANGE:
            of = f" of {decision.role}" if decision.role else ""
            why = f"its tone lies where good recordings{of} lie"
        case DecisionKind.WOULD_CLIP:
            why = f"the new settings would clip (a true peak of {decision.true_peak_dbtp:.1f} dBTP)"
        case DecisionKind.LOUDNESS_WOULD_SHIFT:
            change_lu = decision.loudness_change_lu
            by = "" if change_lu is None else f" by {change_lu:+.1f} LU"
            why = f"the new settings would change the loudness of the track{by}"
        case DecisionKind.NOISE_WOULD_RISE:
            why = f"the new settings would lift the noise in its pauses by {decision.lift_db:.1f} dB"
        case DecisionKind.RUMBLE_WOULD_RISE:
            why = f"the new settings would lift the rumble below it by {decision.lift_db:.1f} dB"
        case DecisionKind.TOO_SHORT:
            more = " Select more of the track, or nothing: then all of its items count." * decision.is_part
            return (
                f"Left as it is: {decision.sound_s:.2f} s of sound are too little to judge by;"
                f" {decision.needed_sound_s:g} s are needed.{more}"
            )
        case kind:
            why = _UNCHANGED[kind]
    return f"Left as it is: {why}."


def _tone(one: Explanation) -> str:
    after = _above(one.after_db)
    band, now = describe_band(one.low_hz, one.high_hz), f"{after} it" if after == _LEVEL else after
    text = f"{band} lay {_above(one.before_db)} {_goal(one)}, now {now}"
    if one.effect_db is None:
        return f"{text}."
    return f"{text}; this alone {'raises' if one.effect_db > 0 else 'lowers'} it by {abs(one.effect_db):.1f} dB."


def _dynamics(one: Explanation) -> str:
    return (
        f"The level went up and down by {one.before_db:.1f} dB, {_goal(one)} by {one.target_db:.1f} dB; "
        f"now {one.after_db:.1f} dB."
    )


def _evenness(one: Explanation) -> str:
    return f"The level went up and down by {one.before_db:.1f} dB from moment to moment, now by {one.after_db:.1f} dB."


def _gain(one: Explanation) -> str:
    effect_db = one.effect_db or 0.0
    return f"By itself it brings the level {'up' if effect_db > 0 else 'down'} by {abs(effect_db):.1f} dB."


def _mix_balance(one: Explanation) -> str:
    before, after = _louder(one.before_db), _louder(one.after_db)
    return f"Beside the others, {one.role} was {before} in real mixes, now {after} there."


_EXPLANATIONS: Mapping[ExplanationKind, Callable[[Explanation], str]] = {
    ExplanationKind.TONE: _tone,
    ExplanationKind.DYNAMICS: _dynamics,
    ExplanationKind.EVENNESS: _evenness,
    ExplanationKind.GAIN: _gain,
    ExplanationKind.LOUDNESS: lambda one: (
        f"All settings together change the loudness by {one.effect_db:+.1f} LU where it was listened to."
    ),
    ExplanationKind.MAKEUP: lambda _: "The other settings changed the loudness; this brings it back to what it was.",
    ExplanationKind.PEAKS: lambda _: "It keeps the peaks below full scale.",
    ExplanationKind.INAUDIBLE: lambda _: "Not heard: it changes less than 0.5 dB by itself.",
    ExplanationKind.AUTOMATION: lambda one: f"Moves in time: the value is its farthest, in {one.regions} places.",
    ExplanationKind.MIX_BALANCE: _mix_balance,
}


def _goal(one: Explanation) -> str:
    return "the reference" if one.has_reference else "the target"


def _above(gap_db: float) -> str:
    if abs(gap_db) < 0.05:
        return _LEVEL
    return f"{abs(gap_db):.1f} dB {'above' if gap_db > 0 else 'below'}"


def _louder(gap_lu: float) -> str:
    if abs(gap_lu) < 0.05:
        return "as loud as"
    return f"{abs(gap_lu):.1f} LU {'louder' if gap_lu > 0 else 'softer'} than"


def _hertz(frequency_hz: float) -> str:
    return f"{frequency_hz / 1000:g} kHz" if frequency_hz >= 1000 else f"{frequency_hz:g} Hz"
