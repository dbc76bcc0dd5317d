"""What a method makes of a case, and what a method is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bridge.model.predict import Prediction
from bridge.training.evaluation.cases import EvaluationCase
from bridge.types import Audio, NormalizedArray


@dataclass(frozen=True)
class MethodResult:
    """What a method made of a case.

    Attributes:
        settings: (controls,) of the chain, where the method chose some.
        applied: whether anything was changed.
        answer: what the encoder said before guard and search, where there is one.
        renders: of windows, that it took to find out.
    """

    audio: Audio = field(repr=False)
    settings: NormalizedArray | None = None
    applied: bool = True
    answer: Prediction | None = None
    renders: int = 0


class Method(Protocol):
    """One way to process a case."""

    @property
    def name(self) -> str: ...

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:
        """What comes out, with at most `budget` renders; None where the method has nothing to go by."""
        ...
