"""One case after every method has worked on it. Its audio is cut to excerpts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.method import MethodResult

SMALL_DB = 0.5  # a case that starts closer than this asks for no change


@dataclass(frozen=True)
class CaseResult:
    """One case and the result of every method by its name: "model", "nothing" and the other baselines.

    Attributes:
        resampled: the same case at other sample rates, by "model" and "nothing" alone.
    """

    case: EvaluationCase
    methods: Mapping[str, MethodResult]
    resampled: tuple[CaseResult, ...] = ()

    @property
    def model(self) -> MethodResult:
        return self.methods["model"]

    def distance_db(self, method: str) -> float:
        """The distance to the truth that the case is scored by."""
        return self.methods[method].distances[self.case.main_metric]

    @property
    def before_db(self) -> float:
        return self.distance_db("nothing")

    @property
    def after_db(self) -> float:
        return self.distance_db("model")

    @property
    def is_change_needed(self) -> bool:
        return self.before_db >= SMALL_DB


def cut_case(case: EvaluationCase, duration_s: float) -> EvaluationCase:
    """The case with the first `duration_s` seconds of its sounds, copied."""
    samples = round(duration_s * case.sample_rate_hz)
    reference = None if case.reference is None else case.reference[:, :samples].copy()
    given, truth = case.given[:, :samples].copy(), case.truth[:, :samples].copy()
    return replace(case, given=given, truth=truth, reference=reference)
