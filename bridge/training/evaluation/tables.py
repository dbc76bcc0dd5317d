"""From scored cases to rows: plain values for JSON, tables, cards and pages. Renders and measures nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.report.evaluation_page import METHOD_COLUMNS, method_cells
from bridge.training.evaluation.intervals import median_interval
from bridge.training.evaluation.score import SMALL_DB, CaseScore, RateScore

Row = dict[str, Any]

WORSE_DB = 0.05  # by so much more distance a case counts as made worse
METHODS = ("nothing", "gain match", "match EQ", "gain + limiter", "best standing", "random search", "CMA-ES", "model")
CLASSES = (0.0, 0.2, 0.4, 0.6, 0.8)  # of confidence
_MOVED = 1e-3  # of a range: a slot of which no control is farther from neutral does nothing


def method_rows(scored: Sequence[CaseScore], seed: int) -> list[Row]:
    """One row per method over the cases that ask for a change.

    `ratio` is the median of after / before with its 95% interval, `worse` the share of `cases` made worse and
    `worse_cases` their number; the same ratio for each single measure is in `by_measure`, over the cases that are off
    by that measure. `renders` is the median number of windows rendered to find the settings.
    """
    cases = [one for one in scored if one.before_db >= SMALL_DB]
    rows = []
    for method in METHODS:
        chosen = [one for one in cases if method in one.main_db]
        if not chosen:
            continue
        before = np.array([one.before_db for one in chosen])
        after = np.array([one.main_db[method] for one in chosen])
        ratio, low, high = median_interval(after / before, [one.name for one in chosen], seed)
        worse = after > before + WORSE_DB
        rows.append(
            {
                "method": method,
                "cases": len(chosen),
                "ratio": ratio,
                "ratio_low": low,
                "ratio_high": high,
                "worse": float(np.mean(worse)),
                "worse_cases": int(worse.sum()),
                "before_db": float(np.median(before)),
                "after_db": float(np.median(after)),
                "renders": float(np.median([one.renders[method] for one in chosen])),
                "by_measure": _by_measure(chosen, method, seed),
            }
        )
    return rows


def _by_measure(cases: Sequence[CaseScore], method: str, seed: int) -> dict[str, Row]:
    rows = {}
    for measure in cases[0].distances[method]:
        least = SMALL_DB if measure.startswith("mel_db") else 1e-3
        chosen = [one for one in cases if one.distances["nothing"][measure] >= least]
        if not chosen:
            continue
        before = np.array([one.distances["nothing"][measure] for one in chosen])
        after = np.array([one.distances[method][measure] for one in chosen])
        ratio, low, high = median_interval(after / before, [one.name for one in chosen], seed)
        rows[measure] = {
            "ratio": ratio,
            "ratio_low": low,
            "ratio_high": high,
            "before": float(np.median(before)),
            "after": float(np.median(after)),
            "cases": len(chosen),
        }
    return rows


def unchanged_row(scored: Sequence[CaseScore]) -> Row:
    """What happens to recordings that need no change."""
    cases = [one for one in scored if one.before_db < SMALL_DB]
    harm = [one.main_db["model"] - one.before_db for one in cases]
    return {
        "cases": len(cases),
        "touched": float(np.mean([one.made.applied for one in cases])) if cases else None,
        "mean_harm_db": float(np.mean(harm)) if cases else None,
        "largest_harm_db": float(np.max(harm)) if cases else None,
    }


def control_rows(scored: Sequence[CaseScore], chain: Chain) -> list[Row]:
    """How far the settings that were taken are from those that are right, control by control, where its slot acts.

    `error` is the median in the control's own unit, `share` in shares of its range, `octaves` (of controls with a
    logarithmic law) in doublings; a choice has `wrong`, the share of cases, instead.
    """
    pairs = [
        (one.made.settings, one.hidden)
        for one in scored
        if one.hidden is not None and one.made.settings is not None and one.made.applied and one.made.settings.ndim == 1
    ]
    rows = []
    for index, control in enumerate(chain.controls):
        members = [i for i, other in enumerate(chain.controls) if other.slot == control.slot]
        acting = [
            (float(own[index]), float(right[index]))
            for own, right in pairs
            if max(abs(float(right[i]) - chain.controls[i].neutral) for i in members) > _MOVED
        ]
        if acting:
            rows.append({"control": control.label, "cases": len(acting), **_control_error(control, acting)})
    return rows


def _control_error(control: Control, pairs: Sequence[tuple[float, float]]) -> Row:
    share = float(np.median([abs(own - right) for own, right in pairs])) / (control.high - control.low)
    if control.choices:
        wrong = float(np.mean([control.text(own) != control.text(right) for own, right in pairs]))
        return {"share": share, "wrong": wrong, "text": f"wrong in {wrong:.0%}"}
    reals = [(control.real_value(own), control.real_value(right)) for own, right in pairs]
    error = float(np.median([abs(own - right) for own, right in reals]))
    row: Row = {"share": share, "error": error, "unit": control.unit, "text": _size(error, control.unit)}
    is_logarithmic = control.unit == "Hz" or (isinstance(control.law, RangeLaw) and control.law.scale == "log")
    if is_logarithmic and all(min(pair) > 0 for pair in reals):
        row["octaves"] = float(np.median([abs(np.log2(own / right)) for own, right in reals]))
        row["text"] += f" ({row['octaves']:.2g} oct)" if control.unit == "Hz" else f" (× {2 ** row['octaves']:.2g})"
    return row


def _size(error: float, unit: str) -> str:
    return f"{error:.1f} {unit}" if unit == "dB" else f"{error:.3g} {unit}".rstrip()


def reliability_rows(scored: Sequence[CaseScore], chain: Chain, tolerance: float) -> list[dict[str, float]]:
    """Mean confidence of the encoder's own answers beside the share of hits, in classes of confidence."""
    low, high = chain.bounds
    answers = [
        (one.made.answer, one.hidden) for one in scored if one.hidden is not None and one.made.answer is not None
    ]
    if not answers:
        return []
    confidence = np.concatenate([answer.confidence for answer, _ in answers])
    hits = np.concatenate([np.abs(answer.settings - right) / (high - low) <= tolerance for answer, right in answers])
    rows = []
    for least in CLASSES:
        chosen = (confidence >= least) & (confidence < least + 0.2 + 1e-6 * (least == CLASSES[-1]))
        if chosen.any():
            rows.append(
                {
                    "confidence": float(confidence[chosen].mean()),
                    "hits": float(hits[chosen].mean()),
                    "controls": int(chosen.sum()),
                }
            )
    return rows


def rate_rows(found: Sequence[RateScore], seed: int) -> list[Row]:
    """One row per sample rate: the ratio there, and that of the same cases at their own rate."""
    rows = []
    for rate in sorted({one.sample_rate_hz for one in found}):
        cases = [one for one in found if one.sample_rate_hz == rate and one.before_db > 0]
        if not cases:
            continue
        ratios = np.array([one.after_db / one.before_db for one in cases])
        ratio, low, high = median_interval(ratios, [one.name for one in cases], seed)
        home = np.median([one.home_after_db / one.home_before_db for one in cases])
        worse = [one.after_db > one.before_db + WORSE_DB for one in cases]
        rows.append(
            {
                "sample_rate_hz": rate,
                "cases": len(cases),
                "ratio": ratio,
                "ratio_low": low,
                "ratio_high": high,
                "home_ratio": float(home),
                "worse": float(np.mean(worse)),
            }
        )
    return rows


def task_rows(scored: Sequence[CaseScore]) -> list[Row]:
    """Medians before and after, and the largest after, of what only the task measures."""
    names = dict.fromkeys(name for one in scored for name in one.task_after)
    rows = []
    for name in names:
        after = [one.task_after[name] for one in scored if name in one.task_after]
        before = [one.task_before[name] for one in scored if name in one.task_before]
        rows.append(
            {
                "measure": name,
                "before": float(np.median(before)) if before else None,
                "after": float(np.median(after)),
                "largest_after": float(np.max(after)),
                "cases": len(after),
            }
        )
    return rows


def shared_rows(
    scored: Mapping[str, Sequence[CaseScore]],
    at_rates: Mapping[str, Sequence[RateScore]],
    stems: Collection[str],
    seed: int,
) -> Row:
    """What the scores of every model hold, by the name of the use; `stems` are the names of stems of songs."""
    songs = {use: [one for one in found if one.name in stems] for use, found in scored.items()}
    return {
        "files": sorted({one.name for found in scored.values() for one in found}),
        "seed": seed,
        "uses": {use: method_rows(found, seed) for use, found in scored.items()},
        "songs": {use: method_rows(found, seed) for use, found in songs.items()},
        "unchanged": {use: unchanged_row(found) for use, found in scored.items()},
        "rates": {use: rate_rows(found, seed) for use, found in at_rates.items()},
        "task": {use: task_rows(found) for use, found in scored.items()},
        "cases": {
            use: [{"name": one.name, "before_db": one.before_db, "after_db": one.main_db["model"]} for one in found]
            for use, found in scored.items()
        },
    }


def score_tables(scores: Row) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """(title, columns, rows) of tables for people, from the scores of `evaluate.evaluate_model`.

    Stems of songs have tables of their own where there are other recordings too.
    """
    tables: list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]] = []
    for use, rows in scores["uses"].items():
        songs = scores["songs"].get(use, [])
        named = [(use, rows)]
        if songs and songs[0]["cases"] != rows[0]["cases"]:
            named.append((f"{use}, stems of songs", songs))
        tables += [(title, METHOD_COLUMNS, [method_cells(row) for row in table]) for title, table in named]
    return tables
