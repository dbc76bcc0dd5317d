"""Facts as data: they cross a message unchanged, and each kind has its words."""

from __future__ import annotations

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


def test_numbers_that_a_kind_does_not_carry_stay_out_of_messages() -> None:
    assert msgspec.json.encode(Explanation(kind=ExplanationKind.INAUDIBLE)) == b'{"kind":"inaudible"}'
