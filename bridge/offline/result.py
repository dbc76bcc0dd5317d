"""The result of `bridge automix`, as plain data. Nothing here loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bridge.automix.describe import describe_decision, describe_explanation
from bridge.automix.facts import Decision, Explanation, ExplanationKind, MeasurementsPair
from bridge.automix.job import AutomixResult
from bridge.plugins.chain.chain import Chain


@dataclass(frozen=True)
class ControlRow:
    """One control before and after: real values with their unit, and as people read them.

    Of a control that moves, `breakpoints` are the (time in seconds, real value) between which it goes straight, and
    `after` is the value that lies farthest from `before`.
    """

    slot: str
    plugin: str
    control: str
    unit: str
    before: float
    after: float
    text_before: str
    text: str
    confidence: float
    breakpoints: tuple[tuple[float, float], ...] = ()
    explanation: Explanation | None = None

    @property
    def changed(self) -> bool:
        """Whether it has another value now, or moves."""
        return self.before != self.after or bool(self.breakpoints)

    @property
    def is_audible(self) -> bool:
        """Whether its change can be heard, as far as that is known."""
        return self.explanation is None or self.explanation.kind is not ExplanationKind.INAUDIBLE


@dataclass(frozen=True)
class FileResult:
    """What became of a file. Loudness and true peak in `measures` are of the whole file."""

    model: str
    decision: Decision
    amount_percent: float
    controls: list[ControlRow]
    measures: MeasurementsPair
    input: str
    output: str
    sample_rate_hz: int
    duration_s: float

    @property
    def applied(self) -> bool:
        """Whether new settings took effect."""
        return self.decision.is_applied

    def to_json(self) -> dict[str, Any]:
        """Return what `bridge automix --json` writes, of built-in types: facts as sentences, the rest as it is."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        del content["decision"]
        for row, control in zip(content["controls"], self.controls, strict=True):
            row["reason"] = describe_explanation(control.explanation)
            del row["explanation"]
        return {"model": self.model, "applied": self.applied, "reason": describe_decision(self.decision)} | content


def control_rows(chain: Chain, result: AutomixResult) -> list[ControlRow]:
    """Return a row for each control of `chain`."""
    plugins = {slot.name: slot.plugin for slot in chain.slots}
    explanations = result.explanations if result.applied and result.explanations else (None,) * len(chain.controls)
    rows = []
    for place, control in enumerate(chain.controls):
        before, after = float(result.before_normalized[place]), float(result.normalized[place])
        curve = result.curves.get(place)
        points = () if curve is None else zip(curve.times_s, curve.values, strict=True)
        rows.append(
            ControlRow(
                slot=control.slot,
                plugin=plugins[control.slot],
                control=control.name,
                unit=control.unit,
                before=control.real_value(before),
                after=control.real_value(after),
                text_before=control.text(before),
                text=control.text(after) if curve is None else f"moves to {control.text(after)}",
                confidence=float(result.confidence[place]),
                breakpoints=tuple((round(float(t), 4), round(control.real_value(float(v)), 4)) for t, v in points),
                explanation=explanations[place],
            )
        )
    return rows


def audible_rows(rows: Sequence[ControlRow]) -> tuple[list[ControlRow], int]:
    """Return the changed ones of `rows` that are audible, for a list, and how many others changed. All of them where
    none is."""
    changed = [row for row in rows if row.changed]
    audible = [row for row in changed if row.is_audible]
    return (audible, len(changed) - len(audible)) if audible else (changed, 0)


def explanation_column(rows: Sequence[ControlRow]) -> list[str]:
    """Return the explanations of `rows` as sentences, for a list: one that several controls of a slot share is beside
    the first of them."""
    facts = [(row.slot, row.explanation) for row in rows]
    return [
        "" if place and fact == facts[place - 1] else describe_explanation(fact[1]) for place, fact in enumerate(facts)
    ]
