"""The page of an evaluation: tables, plots and players in one file that needs no other.

Takes the plain scores of an evaluation and writes them down.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.audio.files import encode_flac
from bridge.report.evaluation_plots import methods_plot, reliability_plot, scatter_plot
from bridge.report.page import PageSection, write_page
from bridge.report.tables import Row, TextTable, describe_unchanged, format_interval, method_table
from bridge.types import Float32

_METRICS = {
    "mel_db": "mel distance, raw",
    "mel_db_equal_loudness": "mel distance, equal loudness",
    "mrstft": "MR-STFT, raw",
    "mrstft_equal_loudness": "MR-STFT, equal loudness",
    "mfcc": "MFCC cosine (blind to loudness and to steady tone)",
}


@dataclass(frozen=True)
class PageExample:
    """One case to listen to: `sounds` are (name, (channels, samples)), all at one sample rate."""

    use: str
    name: str
    summary: str
    sample_rate_hz: int
    sounds: tuple[tuple[str, Float32], ...] = field(repr=False)


def write_evaluation_page(page: Path, scores: Row, examples: Sequence[PageExample]) -> None:
    """Write the scores of `evaluate` and their examples as one HTML file. Raises AudioError where that fails."""
    sections = []
    for use, rows in scores["uses"].items():
        sections.append(_scores_section(use, rows, scores))
        sections.extend(_example_section(one) for one in examples if one.use == use)
    write_page(page, f"{scores['model']} on recordings it never heard", _introduction(scores), sections)


def _introduction(scores: Row) -> str:
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


def _scores_section(use: str, rows: Sequence[Row], scores: Row) -> PageSection:
    plots = []
    if rows:
        plots = [
            ("Distance of each case before and after: below the line is better", scatter_plot(scores["cases"][use])),
            ("Every method: median of after / before and its 95% interval", methods_plot(rows)),
        ]
    if scores["confidence"][use]:
        plots.append(("Confidence and how often it was right", reliability_plot(scores["confidence"][use])))
    methods = method_table("", rows)
    return PageSection(
        name=use,
        summary=describe_unchanged(scores["unchanged"][use]),
        rows=methods.rows,
        columns=methods.columns,
        measures=[],
        tables=[table for table in _tables(use, rows, scores) if table.rows],
        plots=plots,
    )


def _tables(use: str, rows: Sequence[Row], scores: Row) -> list[TextTable]:
    metrics = [one for row in rows if row["method"] == "model" for one in row["by_measure"].items()]
    return [
        TextTable(
            "The model by every measure: median of after / before",
            ("measure", "after / before", "95%", "before", "after", "cases"),
            [
                (_METRICS.get(name, name), *_ratio(row), f"{row['before']:.3g}", f"{row['after']:.3g}", _cases(row))
                for name, row in metrics
            ],
        ),
        TextTable(
            "At sample rates it never saw",
            ("sample rate", "after / before", "95%", "at the files' own rate", "cases"),
            [
                (f"{row['sample_rate_hz'] / 1000:g} kHz", *_ratio(row), f"{row['home_ratio']:.2f}", _cases(row))
                for row in scores["rates"][use]
            ],
        ),
        TextTable(
            "Error of the settings that were applied, where their plugin acts",
            ("control", "median error", "share of range", "cases"),
            [(row["control"], row["text"], f"{row['share']:.1%}", _cases(row)) for row in scores["controls"][use]],
        ),
        TextTable(
            "What only the task measures",
            ("measure", "before", "after", "largest after", "cases"),
            [
                (
                    row["measure"],
                    "" if row["before"] is None else f"{row['before']:.2f}",
                    f"{row['after']:.2f}",
                    f"{row['largest_after']:.2f}",
                    _cases(row),
                )
                for row in scores["task"][use]
            ],
        ),
    ]


def _ratio(row: Row) -> tuple[str, str]:
    return f"{row['ratio']:.2f}", format_interval(row)


def _cases(row: Row) -> str:
    return str(row["cases"])


def _example_section(one: PageExample) -> PageSection:
    players = [(label, _data_uri(audio, one.sample_rate_hz)) for label, audio in one.sounds]
    return PageSection(name=f"{one.use}, {one.name}", summary=one.summary, rows=[], measures=[], players=players)


def _data_uri(audio: Float32, sample_rate_hz: int) -> str:
    return "data:audio/flac;base64," + base64.b64encode(encode_flac(audio, sample_rate_hz)).decode("ascii")
