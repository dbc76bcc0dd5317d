"""Facts as data: they cross a message unchanged, and each kind has its words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bridge.automix.describe import describe_decision, describe_explanation
from bridge.automix.facts import (
    Decision,
    DecisionKind,
    Explanation,
    ExplanationKind,
    LoudnessKind,
    LoudnessOutcome,
    SearchOutcome,
)

OUTCOME = LoudnessOutcome(
    kind=LoudnessKind.LIMITED, target_lufs=-8.0, ceiling_dbtp=-1.0, loudness_lufs=-10.0, true_peak_dbtp=-1.0
)


@pytest.mark.parametrize("kind", DecisionKind)
def test_every_decision_has_words_of_its_own_and_crosses_a_message(kind: DecisionKind) -> None:
    decision = Decision(kind=kind, before_db=2.0, loudness=OUTCOME, search=SearchOutcome.NEEDS_REFERENCE)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision
    others = {describe_decision(Decision(kind=other)) for other in DecisionKind if other is not kind}
    assert describe_decision(Decision(kind=kind)) not in others


@pytest.mark.parametrize("kind", ExplanationKind)
def test_every_explanation_has_words_of_its_own_and_crosses_a_message(kind: ExplanationKind) -> None:
    explanation = Explanation(kind=kind, low_hz=100.0, before_db=-2.0, effect_db=1.0, regions=2, role="bass")
    assert msgspec.json.decode(msgspec.json.encode(explanation), type=Explanation) == explanation
    others = {describe_explanation(msgspec.structs.replace(explanation, kind=k)) for k in ExplanationKind if k != kind}
    assert describe_explanation(explanation) not in others | {""}


@pytest.mark.parametrize(
    ("kind", "loudness_lufs", "said"),
    [
        (
            LoudnessKind.LIMITED,
            -9.7,
            "-6.0 LUFS were asked for; below -1.0 dBTP and with at most 12 dB of limiting it comes to -9.7 LUFS.",
        ),
        (LoudnessKind.REACHED, -6.4, "It comes out at -6.4 LUFS, -1.0 dBTP."),
        (
            LoudnessKind.UNMEASURABLE,
            None,
            "It is silent or too short to have a loudness: only the ceiling was held.",
        ),
    ],
)
def test_what_became_of_a_loudness_target_is_said(kind: LoudnessKind, loudness_lufs: float | None, said: str) -> None:
    outcome = LoudnessOutcome(
        kind=kind,
        target_lufs=-6.0,
        ceiling_dbtp=-1.0,
        loudness_lufs=loudness_lufs,
        true_peak_dbtp=-1.0,
        most_limiting_db=12.0,
    )
    decision = Decision(kind=DecisionKind.LOUDNESS_ONLY, loudness=outcome)
    assert describe_decision(decision) == f"The tone is left as it is: nothing brought it clearly closer. {said}"


def test_a_search_without_a_reference_is_said_not_to_have_been() -> None:
    decision = Decision(kind=DecisionKind.IMPROVED, search=SearchOutcome.NEEDS_REFERENCE)
    assert describe_decision(decision).endswith(" Not refined: a search needs a reference to go by.")


TONE: dict[str, Any] = {"kind": ExplanationKind.TONE, "low_hz": 125.0, "high_hz": 630.0, "has_reference": True}


@pytest.mark.parametrize(
    ("explanation", "said"),
    [
        (
            Explanation(**TONE, before_db=1.0, after_db=3.0, effect_db=2.0),
            "125-630 Hz lay 1.0 dB above the reference, now 3.0 dB above; this alone raises it by 2.0 dB.",
        ),
        (
            Explanation(**TONE, before_db=-1.0, after_db=-3.0, effect_db=-2.0),
            "125-630 Hz lay 1.0 dB below the reference, now 3.0 dB below; this alone lowers it by 2.0 dB.",
        ),
        (
            Explanation(kind=ExplanationKind.DYNAMICS, before_db=8.0, after_db=5.5, target_db=5.0, has_reference=True),
            "The level went up and down by 8.0 dB, the reference by 5.0 dB; now 5.5 dB.",
        ),
        (
            Explanation(kind=ExplanationKind.LOUDNESS, effect_db=-1.5),
            "All settings together change the loudness by -1.5 LU where it was listened to.",
        ),
    ],
)
def test_why_a_control_was_changed_is_said_in_the_right_direction(explanation: Explanation, said: str) -> None:
    assert describe_explanation(explanation) == said


def test_numbers_that_a_kind_does_not_carry_stay_out_of_messages() -> None:
    assert msgspec.json.encode(Explanation(kind=ExplanationKind.INAUDIBLE)) == b'{"kind":"inaudible"}'
