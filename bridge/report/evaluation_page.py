"""The page of an evaluation: tables, plots and players in one file that needs no other.

Takes the plain scores that an evaluation gives and writes them down; it judges nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.audio.files import encode_flac
from bridge.report.evaluation_plots import methods_plot, reliability_plot, scatter_plot
from bridge.report.page import PageSection, write_page
from bridge.types import Float32

METHOD_COLUMNS = ("method", "after / before", "made worse", "dB after", "renders", "cases")
_MEASURES = {
    "mel_db": "mel distance, raw",
    "mel_db_equal_loudness": "mel distance, equal loudness",
    "mrstft": "MR-STFT, raw",
    "mrstft_equal_loudness": "MR-STFT, equal loudness",
    "mfcc": "MFCC cosine (blind to level and to steady tone)",
}


@dataclass(frozen=True)
class PageExample:
    """One case to listen to: `sounds` are (name, (channels, samples)), all at one sample rate."""

    use: str
    name: str
    summary: str
    sample_rate_hz: int
    sounds: tuple[tuple[str, Float32], ...] = field(repr=False)


def write_evaluation_page(page: Path, scores: dict[str, Any], examples: Sequence[PageExample]) -> None:
    """Write the scores of `evaluate` and their examples as one HTML file. Raises AudioError where that fails."""
    sections = []
    for use, rows in scores["uses"].items():
        sections.append(_scores_section(use, rows, scores))
        sections.extend(_example_section(one) for one in examples if one.use == use)
    write_page(page, f"{scores['model']} on recordings it never heard", _introduction(scores), sections)


def method_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of an evaluation under `METHOD_COLUMNS`, as people read it."""
    return (
        row["method"],
        f"{row['ratio']:.2f} ({row['ratio_low']:.2f}–{row['ratio_high']:.2f})",
        f"{row['worse']:.1%} ({row['worse_cases']})",
        f"{row['after_db']:.2f}",
        f"{row['renders']:.0f}",
        str(row["cases"]),
    )


def _introduction(scores: dict[str, Any]) -> str:
    methods = {row["method"] for rows in scores["uses"].values() for row in rows}
    budget = "as many renders as the model took" if scores["budget"] is None else f"{scores['budget']} renders"
    searches = f"Random search and CMA-ES had {budget} for each case. " if "CMA-ES" in methods else ""
    refining = f", with {scores['refine_s']:g} s of search" if scores["refine_s"] else ""
    return (
        f"{len(scores['files'])} recordings, {scores['cases_per_file']} cases of each and use, seed {scores['seed']}"
        f"{refining}. The guard is on; the model's renders are those of the guard and of its search. "
        f"{searches}Ratios are medians of the "
        "mel distance to the truth, frame by frame, after / before, with 95% intervals by bootstrap over files: lower "
        "is better, doing nothing is 1."
    )


def _scores_section(use: str, rows: Sequence[dict[str, Any]], scores: dict[str, Any]) -> PageSection:
    plots = []
    if rows:
        plots = [
            ("Distance of each case before and after: below the line is better", scatter_plot(scores["cases"][use])),
            ("Every method: median of after / before and its 95% interval", methods_plot(rows)),
        ]
    if scores["confidence"][use]:
        plots.append(("Confidence and how often it was right", reliability_plot(scores["confidence"][use])))
    return PageSection(
        name=use,
        summary=_unchanged(scores["unchanged"][use]),
        rows=[method_cells(row) for row in rows],
        columns=METHOD_COLUMNS,
        measures=[],
        tables=[table for table in _tables(use, rows, scores) if table[2]],
        plots=plots,
    )


def _tables(
    use: str, rows: Sequence[dict[str, Any]], scores: dict[str, Any]
) -> list[tuple[str, Sequence[str], list[tuple[str, ...]]]]:
    return [
        (
            "The model by every measure: median of after / before",
            ("measure", "after / before", "95%", "before", "after", "cases"),
            [_measure_cells(*one) for row in rows if row["method"] == "model" for one in row["by_measure"].items()],
        ),
        (
            "At sample rates it never saw",
            ("sample rate", "after / before", "95%", "at the files' own rate", "cases"),
            [_rate_cells(row) for row in scores["rates"][use]],
        ),
        (
            "Error of the settings that were taken, where their plugin acts",
            ("control", "median error", "share of range", "cases"),
            [_control_cells(row) for row in scores["controls"][use]],
        ),
        (
            "What the task asks beside",
            ("measure", "before", "after", "largest after", "cases"),
            [_task_cells(row) for row in scores["task"][use]],
        ),
    ]  # fmt: skip


def _measure_cells(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    interval = f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}"
    label = _MEASURES.get(name, name)
    return (label, f"{row['ratio']:.2f}", interval, f"{row['before']:.3g}", f"{row['after']:.3g}", str(row["cases"]))


def _rate_cells(row: dict[str, Any]) -> tuple[str, ...]:
    interval = f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}"
    rate = f"{row['sample_rate_hz'] / 1000:g} kHz"
    return (rate, f"{row['ratio']:.2f}", interval, f"{row['home_ratio']:.2f}", str(row["cases"]))


def _control_cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["control"], row["text"], f"{row['share']:.1%}", str(row["cases"]))


def _task_cells(row: dict[str, Any]) -> tuple[str, ...]:
    before = "" if row["before"] is None else f"{row['before']:.2f}"
    return (row["measure"], before, f"{row['after']:.2f}", f"{row['largest_after']:.2f}", str(row["cases"]))


def _unchanged(row: dict[str, Any]) -> str:
    if not row["cases"]:
        return "No case asked for no change."
    return (
        f"Of {row['cases']} cases that asked for no change {row['touched']:.0%} were changed, at a cost of "
        f"{row['mean_harm_db']:.2f} dB on average and {row['largest_harm_db']:.2f} dB at most."
    )


def _example_section(one: PageExample) -> PageSection:
    players = [(label, _data_uri(audio, one.sample_rate_hz)) for label, audio in one.sounds]
    return PageSection(name=f"{one.use}, {one.name}", summary=one.summary, rows=[], measures=[], players=players)


def _data_uri(audio: Float32, sample_rate_hz: int) -> str:
    return "data:audio/flac;base64," + base64.b64encode(encode_flac(audio, sample_rate_hz)).decode("ascii")
