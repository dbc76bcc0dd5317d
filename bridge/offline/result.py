"""What `bridge automix` is asked for, and what it answers, as plain data. Nothing here loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bridge.automix.job import UNHEARD, MeasurementsPair


@dataclass(frozen=True)
class FileJob:
    """What `bridge automix` was asked for."""

    source: Path
    target: Path
    reference: Path | None = None
    style: str | None = None
    model: str | None = None
    chain_file: Path | None = None
    refine_s: float = 0.0
    amount_percent: float = 100.0
    automation: bool = False
    loudness_lufs: float | None = None
    ceiling_dbtp: float | None = None


class ControlRow(msgspec.Struct, frozen=True, kw_only=True):
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
    reason: str = ""

    @property
    def changed(self) -> bool:
        return self.before != self.after or bool(self.breakpoints)


class FileResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `bridge automix --json` writes. Loudness and true peak in `measures` are of the whole file."""

    model: str
    applied: bool
    reason: str
    amount_percent: float
    controls: list[ControlRow]
    measures: MeasurementsPair
    input: str
    output: str
    sample_rate_hz: int
    duration_s: float


def audible_rows(rows: Sequence[ControlRow]) -> tuple[list[ControlRow], str]:
    """The changed ones of `rows` that are heard, for a list, and a line on the others. All of them where none is."""
    changed = [row for row in rows if row.changed]
    heard = [row for row in changed if row.reason != UNHEARD]
    return (heard, inaudible_count_text(len(changed) - len(heard))) if heard else (changed, "")


def inaudible_count_text(count: int) -> str:
    """How a list tells what it leaves out; '' for nothing."""
    return f"{count} further {'setting' if count == 1 else 'settings'} moved without being heard." if count else ""


def without_repeated_reasons(rows: Sequence[ControlRow]) -> list[str]:
    """The reasons of `rows` for a list: one that several controls of a slot share stands beside the first of them."""
    pairs = [(row.slot, row.reason) for row in rows]
    return ["" if place and pair == pairs[place - 1] else pair[1] for place, pair in enumerate(pairs)]
