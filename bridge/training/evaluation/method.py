"""What a method is, and its result on a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bridge.model.predict import Prediction
from bridge.training.evaluation.cases import EvaluationCase
from bridge.types import Audio, Float32

WORSE_DB = 0.05  # by so much more distance a case counts as made worse
METHODS = (
    "nothing",
    "gain match",
    "match EQ",
    "shrunk match EQ",
    "four bands",
    "gain + limiter",
    "best standing",
    "random search",
    "CMA-ES",
    "model",
)


@dataclass(frozen=True)
class MethodResult:
    """What a method made of a case, and once it was measured, how far that lies from the truth.

    Attributes:
        audio: (channels, samples) what comes out; of a measured result only an excerpt, or nothing.
        normalized: (controls,) settings of the chain, where the method chose one for the whole sound.
        is_applied: whether anything was changed.
        prediction: the encoder's, before guard and search, where there is one.
        renders: of windows, that were needed.
        distances: to the truth, by metric (`metrics.EvaluationMetrics`).
        task_metrics: what only the task measures (`CaseSource.metrics`).
    """

    audio: Audio = field(repr=False)
    normalized: Float32 | None = None
    is_applied: bool = True
    prediction: Prediction | None = None
    renders: int = 0
    distances: Mapping[str, float] = field(default_factory=dict)
    task_metrics: Mapping[str, float] = field(default_factory=dict)


class Method(Protocol):
    """One way to process a case."""

    @property
    def name(self) -> str: ...

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:
        """Return what comes out, with at most `budget` renders; None where the method has nothing to go by."""
        ...
