"""One case after every method has worked on it, as numbers; its audio is gone but for excerpts."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.training.evaluation.method import MethodResult
from bridge.types import Audio, Float32

SMALL_DB = 0.5  # a case that starts closer than this asks for no change


@dataclass(frozen=True)
class CaseScore:
    """One case, worked on by every method.

    Attributes:
        distances: by method, then by measure.
        renders: of windows, by method.
        made: what the model made.
        hidden: (controls,) the settings that are right, or None where nobody knows.
        task_before, task_after: what only the task measures, of the given sound and of the model's.
        sounds: excerpts to listen to.
    """

    name: str
    use: str
    level_counts: bool
    distances: dict[str, dict[str, float]]
    renders: dict[str, int]
    made: MethodResult
    hidden: Float32 | None
    task_before: dict[str, float]
    task_after: dict[str, float]
    sample_rate_hz: int
    sounds: tuple[tuple[str, Audio], ...] = field(repr=False)

    @property
    def main_db(self) -> dict[str, float]:
        """By method, the distance that the case is judged by."""
        measure = "mel_db" if self.level_counts else "mel_db_equal_loudness"
        return {name: found[measure] for name, found in self.distances.items()}

    @property
    def before_db(self) -> float:
        return self.main_db["nothing"]

    @property
    def ratio(self) -> float:
        return self.main_db["model"] / self.before_db


@dataclass(frozen=True)
class RateScore:
    """One case at a sample rate that is not its own, beside what it scored at home."""

    name: str
    sample_rate_hz: int
    before_db: float
    after_db: float
    home_before_db: float
    home_after_db: float
