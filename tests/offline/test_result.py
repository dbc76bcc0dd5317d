"""Rows of what was set: which are audible, and what `--json` holds of the facts."""

from __future__ import annotations

import json

import msgspec

from bridge.automix.facts import Decision, DecisionKind, Explanation, ExplanationKind, Measurements, MeasurementsPair
from bridge.offline.result import ControlRow, FileResult, audible_rows, explanation_column

INAUDIBLE = Explanation(kind=ExplanationKind.INAUDIBLE)
LOUDER = Explanation(kind=ExplanationKind.GAIN, effect_db=2.0)


def row(control: str, after: float, explanation: Explanation | None) -> ControlRow:
    return ControlRow(
        slot="slot", plugin="builtin:Gain", control=control, unit="dB", before=0.0, after=after,
        text_before="0", text=str(after), confidence=1.0, explanation=explanation,
    )  # fmt: skip


def test_what_is_not_audible_is_counted() -> None:
    rows = [row("a", 1.0, LOUDER), row("b", 1.0, INAUDIBLE), row("c", 0.0, None), row("d", 2.0, INAUDIBLE)]
    audible, others = audible_rows(rows)
    assert [one.control for one in audible] == ["a"]
    assert others == 2


def test_all_are_listed_where_none_is_audible_or_all_are() -> None:
    assert audible_rows([row("b", 1.0, INAUDIBLE)])[0][0].control == "b"
    assert audible_rows([row("a", 1.0, LOUDER)])[1] == 0


def test_a_shared_explanation_is_written_once() -> None:
    first, second, third = explanation_column([row("a", 1.0, LOUDER), row("b", 1.0, LOUDER), row("c", 1.0, INAUDIBLE)])
    assert first and not second and third


def test_json_holds_sentences_and_no_facts() -> None:
    nothing = Measurements(None, None, None)
    result = FileResult(
        model="small", decision=Decision(kind=DecisionKind.IMPROVED), amount_percent=100.0,
        controls=[row("a", 1.0, LOUDER)], measures=MeasurementsPair(nothing, nothing), input="in.wav", output="out.wav",
        sample_rate_hz=44100, duration_s=1.0,
    )  # fmt: skip
    content = json.loads(msgspec.json.encode(result.to_json()))
    assert set(content) == {
        "model", "applied", "reason", "amount_percent", "controls", "measures", "input", "output", "sample_rate_hz",
        "duration_s",
    }  # fmt: skip
    assert content["applied"] is True and isinstance(content["reason"], str)
    assert set(content["controls"][0]) == {
        "slot", "plugin", "control", "unit", "before", "after", "text_before", "text", "confidence", "breakpoints",
        "reason",
    }  # fmt: skip
