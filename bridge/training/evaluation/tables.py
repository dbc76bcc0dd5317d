"""From results to rows: plain values for JSON, tables, cards and pages. Renders and measures nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.report.tables import TextTable, method_table
from bridge.training.evaluation.case_result import SMALL_DB, CaseResult
from bridge.training.evaluation.family_tables import FamilySplit, family_scores, family_tables
from bridge.training.evaluation.intervals import median_interval
from bridge.training.evaluation.method import METHODS, WORSE_DB
from bridge.types import Float64

Row = dict[str, Any]

TASK_METHODS = ("nothing", "model", "best standing")  # that are measured by what only the task measures
CLASSES = (0.0, 0.2, 0.4, 0.6, 0.8)  # of confidence
_MOVED = 1e-3  # of a range: a slot of which no control is farther from neutral does nothing


def score_rows(
    results: Mapping[str, Sequence[CaseResult]],
    chain: Chain,
    tolerance: float,
    stems: Collection[str],
    seed: int,
    families: FamilySplit | None = None,
) -> Row:
    """All rows of an evaluation, by the name of the use.

    Args:
        tolerance: of a setting, as a share of its range, within which it is a hit (for the reliability of confidence).
        stems: the names of those recordings that are stems of songs.
        families: of the recordings; each its own where nothing is said.
    """
    songs = {use: [one for one in found if one.case.name in stems] for use, found in results.items()}
    return {
        "files": sorted({one.case.name for found in results.values() for one in found}),
        "seed": seed,
        "families": {use: family_scores(found, families or FamilySplit(), seed) for use, found in results.items()},
        "uses": {use: method_rows(found, seed) for use, found in results.items()},
        "songs": {use: method_rows(found, seed) for use, found in songs.items()},
        "unchanged": {use: unchanged_row(found) for use, found in results.items()},
        "rates": {use: rate_rows(found, seed) for use, found in results.items()},
        "task": {use: task_rows(found) for use, found in results.items()},
        "cases": {
            use: [{"name": one.case.name, "before_db": one.before_db, "after_db": one.after_db} for one in found]
            for use, found in results.items()
        },
        "controls": {use: control_error_rows(found, chain) for use, found in results.items()},
        "confidence": {use: reliability_rows(found, chain, tolerance) for use, found in results.items()},
    }


def method_rows(results: Sequence[CaseResult], seed: int) -> list[Row]:
    """One row per method over the cases that ask for a change.

    `ratio` is the median of after / before with its 95% interval, `worse` the share of `cases` made worse and
    `worse_cases` their number; the same ratio for each single metric is in `by_measure`, over the cases that are off
    by that metric. `renders` is the median number of windows rendered to find the settings.
    """
    cases = [one for one in results if one.is_change_needed]
    rows = []
    for method in METHODS:
        chosen = [one for one in cases if method in one.methods]
        if not chosen:
            continue
        before = np.array([one.before_db for one in chosen])
        after = np.array([one.distance_db(method) for one in chosen])
        worse = after > before + WORSE_DB
        rows.append(
            {
                "method": method,
                "cases": len(chosen),
                **_ratio(before, after, chosen, seed),
                "worse": float(np.mean(worse)),
                "worse_cases": int(worse.sum()),
                "before_db": float(np.median(before)),
                "after_db": float(np.median(after)),
                "renders": float(np.median([one.methods[method].renders for one in chosen])),
                "by_measure": _by_metric(chosen, method, seed),
            }
        )
    return rows


def _by_metric(cases: Sequence[CaseResult], method: str, seed: int) -> dict[str, Row]:
    rows = {}
    for metric in cases[0].methods[method].distances:
        least = SMALL_DB if metric.startswith("mel_db") else 1e-3
        chosen = [one for one in cases if one.methods["nothing"].distances[metric] >= least]
        if not chosen:
            continue
        before = np.array([one.methods["nothing"].distances[metric] for one in chosen])
        after = np.array([one.methods[method].distances[metric] for one in chosen])
        rows[metric] = {
            **_ratio(before, after, chosen, seed),
            "before": float(np.median(before)),
            "after": float(np.median(after)),
            "cases": len(chosen),
        }
    return rows


def _ratio(before: Float64, after: Float64, cases: Sequence[CaseResult], seed: int) -> Row:
    ratio, low, high = median_interval(after / before, [one.case.name for one in cases], seed)
    return {"ratio": ratio, "ratio_low": low, "ratio_high": high}


def unchanged_row(results: Sequence[CaseResult]) -> Row:
    """What happens to recordings that need no change."""
    cases = [one for one in results if not one.is_change_needed]
    harm = [one.after_db - one.before_db for one in cases]
    return {
        "cases": len(cases),
        "touched": float(np.mean([one.model.is_applied for one in cases])) if cases else None,
        "mean_harm_db": float(np.mean(harm)) if cases else None,
        "largest_harm_db": float(np.max(harm)) if cases else None,
    }


def control_error_rows(results: Sequence[CaseResult], chain: Chain) -> list[Row]:
    """How far the settings that were applied are from those that are right, control by control, where its slot acts.

    `error` is the median in the control's own unit, `share` in shares of its range, `octaves` (of controls with a
    logarithmic law) in doublings; a choice has `wrong`, the share of cases, instead.
    """
    pairs = [
        (one.model.normalized, one.case.hidden)
        for one in results
        if one.model.is_applied and one.case.hidden is not None and one.model.normalized is not None
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


def reliability_rows(results: Sequence[CaseResult], chain: Chain, tolerance: float) -> list[Row]:
    """Mean confidence of the encoder's own predictions beside the share of hits, in classes of confidence."""
    low, high = chain.bounds
    pairs = [
        (one.model.prediction, one.case.hidden)
        for one in results
        if one.case.hidden is not None and one.model.prediction is not None
    ]
    if not pairs:
        return []
    confidence = np.concatenate([prediction.confidence for prediction, _ in pairs])
    errors = np.concatenate([np.abs(prediction.normalized - right) / (high - low) for prediction, right in pairs])
    rows = []
    for least in CLASSES:
        chosen = (confidence >= least) & (confidence < least + 0.2 + 1e-6 * (least == CLASSES[-1]))
        if chosen.any():
            hits = float((errors[chosen] <= tolerance).mean())
            rows.append({"confidence": float(confidence[chosen].mean()), "hits": hits, "controls": int(chosen.sum())})
    return rows


def rate_rows(results: Sequence[CaseResult], seed: int) -> list[Row]:
    """One row per sample rate: the ratio there, and that of the same cases at their own rate."""
    pairs = [(own, there) for own in results for there in own.resampled if there.before_db > 0]
    rows = []
    for rate in sorted({there.case.sample_rate_hz for _, there in pairs}):
        chosen = [pair for pair in pairs if pair[1].case.sample_rate_hz == rate]
        before = np.array([there.before_db for _, there in chosen])
        after = np.array([there.after_db for _, there in chosen])
        rows.append(
            {
                "sample_rate_hz": rate,
                "cases": len(chosen),
                **_ratio(before, after, [own for own, _ in chosen], seed),
                "home_ratio": float(np.median([own.after_db / own.before_db for own, _ in chosen])),
                "worse": float(np.mean(after > before + WORSE_DB)),
            }
        )
    return rows


def task_rows(results: Sequence[CaseResult]) -> list[Row]:
    """Medians before and after, and the largest after, of what only the task measures."""
    before = [one.methods["nothing"].task_metrics for one in results]
    after = [_task_metrics(one) for one in results]
    rows = []
    for name in dict.fromkeys(name for found in after for name in found):
        values = [found[name] for found in after if name in found]
        values_before = [found[name] for found in before if name in found]
        rows.append(
            {
                "measure": name,
                "before": float(np.median(values_before)) if values_before else None,
                "after": float(np.median(values)),
                "largest_after": float(np.max(values)),
                "cases": len(values),
            }
        )
    return rows


def _task_metrics(result: CaseResult) -> dict[str, float]:
    """Those of the model, and of other methods under the metric's name and theirs."""
    found = dict(result.model.task_metrics)
    for method in TASK_METHODS[2:]:
        if method in result.methods:
            found |= {f"{name}, {method}": value for name, value in result.methods[method].task_metrics.items()}
    return found


def score_tables(scores: Row) -> list[TextTable]:
    """Tables for people, from the scores of `evaluate.evaluate_model`.

    Families come first, those that were not heard above all. Stems of songs have tables of their own where there are
    other recordings too.
    """
    tables = []
    for use, rows in scores["uses"].items():
        tables += family_tables(use, scores["families"][use]) if "families" in scores else []
        tables.append(method_table(use, rows))
        if has_other_recordings(scores, use):
            tables.append(method_table(f"{use}, stems of songs", scores["songs"][use]))
    return tables


def has_other_recordings(scores: Row, use: str) -> bool:
    """Whether some of the recordings are stems of songs and some are not."""
    songs, rows = scores["songs"].get(use, []), scores["uses"][use]
    return bool(songs) and songs[0]["cases"] != (rows[0]["cases"] if rows else 0)
