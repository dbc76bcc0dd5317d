"""Which of the judged cases are listened to: of each use the best, the median and the worst. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.report.evaluation_page import PageExample
from bridge.training.evaluation.score import SMALL_DB, CaseScore


def choose_listening_examples(scored: Mapping[str, Sequence[CaseScore]]) -> tuple[PageExample, ...]:
    """Of each use that asks for a change three cases at most, as the model's ratio goes."""
    examples = []
    for use, found in scored.items():
        ranked = sorted((one for one in found if one.before_db >= SMALL_DB), key=lambda one: one.ratio)
        places = dict.fromkeys((0, len(ranked) // 2, len(ranked) - 1)) if ranked else {}
        for place, label in zip(places, ("best", "median", "worst"), strict=False):
            one = ranked[place]
            summary = f"{one.before_db:.2f} dB from the truth before, {one.main_db['model']:.2f} dB after."
            if not one.made.applied:
                summary += " The model left it as it was."
            examples.append(PageExample(use, f"{label}: {one.name}", summary, one.sample_rate_hz, one.sounds))
    return tuple(examples)
