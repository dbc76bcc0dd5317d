"""Which cases of an evaluation are listened to: of each use the best, the median and the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.report.evaluation_page import PageExample
from bridge.training.evaluation.case_result import CaseResult

EXCERPT_S = 6.0
LISTENED_METHODS = ("model", "match EQ", "best standing")


def choose_listening_examples(results: Mapping[str, Sequence[CaseResult]]) -> tuple[PageExample, ...]:
    """Of each use that asks for a change three cases at most, ranked by what the model leaves of the distance."""
    examples = []
    for use, found in results.items():
        ranked = sorted((one for one in found if one.is_change_needed), key=lambda one: one.after_db / one.before_db)
        places = dict.fromkeys((0, len(ranked) // 2, len(ranked) - 1)) if ranked else {}
        for place, label in zip(places, ("best", "median", "worst"), strict=False):
            examples.append(_example(use, label, ranked[place]))
    return tuple(examples)


def _example(use: str, label: str, result: CaseResult) -> PageExample:
    case = result.case
    summary = f"{result.before_db:.2f} dB from the truth before, {result.after_db:.2f} dB after."
    if not result.model.is_applied:
        summary += " The model left it as it was."
    processed = {name: result.methods[name].audio for name in LISTENED_METHODS if name in result.methods}
    sounds = {"before": case.given, **processed, "truth": case.truth, "reference": case.reference}
    players = tuple((name, audio) for name, audio in sounds.items() if audio is not None)
    return PageExample(use, f"{label}: {case.name}", summary, case.sample_rate_hz, players)
