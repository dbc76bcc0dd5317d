"""Rows of text that pages and the command line share: numbers are formatted here, and nowhere else.

Rows of an evaluation come from its plain scores, as `bridge evaluate --json` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bridge.automix.describe import describe_inaudible
from bridge.automix.facts import Measurements
from bridge.offline.result import FileResult, audible_rows, explanation_column
from bridge.report.control_names import control_name

Row = Mapping[str, Any]

CONTROL_COLUMNS = ("control", "before", "after", "confidence", "why")
METHOD_COLUMNS = ("method", "after / before", "made worse", "dB after", "renders", "cases")


class TextTable(NamedTuple):
    """A table as people read it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def changed_control_rows(result: FileResult) -> tuple[Sequence[Sequence[str]], str]:
    """Rows under `CONTROL_COLUMNS` for the audible changes of a file, and a line on the others."""
    changed, others = audible_rows(result.controls) if result.applied else ([], 0)
    rows = [
        (control_name(row.slot, row.control), row.text_before, row.text, f"{row.confidence:.0%}", reason)
        for row, reason in zip(changed, explanation_column(changed), strict=True)
    ]
    return rows, describe_inaudible(others)


def measurement_rows(before: Measurements, after: Measurements) -> list[tuple[str, ...]]:
    """Rows (measurement, before, after)."""
    pair = (before, after)
    distances = [one.distance_db for one in pair]  # None beside a target that nothing of the sound concerns
    return [
        ("loudness", *(format_measurement(one.loudness_lufs, "LUFS") for one in pair)),
        ("true peak", *(format_measurement(one.true_peak_dbtp, "dBTP") for one in pair)),
        ("distance to target", *("–" if one is None else format_measurement(one, "dB") for one in distances)),
    ]


def format_measurement(value: float | None, unit: str) -> str:
    """A measured value as text.

    >>> format_measurement(-18.26, "LUFS"), format_measurement(None, "LUFS")
    ('-18.3 LUFS', 'silence')
    """
    return "silence" if value is None else f"{value:.1f} {unit}"


def method_table(title: str, rows: Sequence[Row]) -> TextTable:
    """The methods of one use."""
    cells = [
        (
            row["method"],
            f"{row['ratio']:.2f} ({format_interval(row)})",
            f"{row['worse']:.1%} ({row['worse_cases']}){_at_most(row)}",
            f"{row['after_db']:.2f}",
            f"{row['renders']:.0f}",
            str(row["cases"]),
        )
        for row in rows
    ]
    return TextTable(title, METHOD_COLUMNS, cells)


def _at_most(row: Row) -> str:
    """The share that is possible with 95% confidence, where it was computed."""
    return f", at most {row['worse_at_most']:.0%}" if "worse_at_most" in row else ""


def describe_unchanged(row: Row) -> str:
    """A sentence on the cases that asked for no change."""
    if not row["cases"]:
        return "No case asked for no change."
    return (
        f"Of {row['cases']} cases that asked for no change {row['touched']:.0%} were changed; that cost "
        f"{row['mean_harm_db']:.2f} dB on average and {row['largest_harm_db']:.2f} dB at most."
    )


def format_interval(row: Row) -> str:
    """The 95% interval of a ratio."""
    return f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}"
