"""How the minutes of a training are spent: all that the command does is in them.

First recordings are read and examples made, for at most the recipe's share; then follows learning; the last tenth is
for judging, which keeps fewer cases where that is not enough. Only what cannot be divided comes on top: an update or
a case that is under way when the time is up, and one case of each use at least.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Notify = Callable[[float, str], None]

JUDGING_SHARE = 0.1
PREPARED, LEARNED = 0.4, 0.95  # shares of the progress behind each, where updates are counted in place of time


@dataclass
class TimeBudget:
    """The time of one training, over all runs that it takes.

    Attributes:
        prepared_s, grown_s, learned_s, total_s: by when learning begins, no more examples are made beside it, learning
            is over, and all is done. Infinite where updates are counted in place of time.
    """

    prepared_s: float
    grown_s: float
    learned_s: float
    total_s: float
    begin: float = field(default_factory=time.monotonic)

    @classmethod
    def of(
        cls, minutes: float, steps: int | None, preparing_share: float, judged_cases: int, growing_share: float = 0.0
    ) -> TimeBudget:
        if steps is not None:
            return cls(math.inf, math.inf, math.inf, math.inf)
        total_s = 60 * minutes
        learned_s = total_s * (1 - JUDGING_SHARE if judged_cases else 1)
        return cls(preparing_share * total_s, growing_share * total_s, learned_s, total_s)

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self.begin

    @property
    def left_s(self) -> float | None:
        """None: as much as it takes."""
        return max(0.0, self.total_s - self.spent_s) if self._counts else None

    @property
    def has_prepared(self) -> bool:
        """Whether the time for making examples is over."""
        return self.spent_s > self.prepared_s

    @property
    def has_grown(self) -> bool:
        """Whether the time for making examples beside learning is over."""
        return self.spent_s > self.grown_s

    def set_spent(self, spent_s: float) -> None:
        """A training goes on that had spent so much when it was stopped."""
        self.begin = time.monotonic() - spent_s

    def preparing(self, progress: Notify) -> Notify:
        """The progress of making examples alone as a part of the whole."""
        return self._part(progress, 0.0, PREPARED)

    def learning(self, progress: Notify) -> Notify:
        return self._part(progress, PREPARED, LEARNED)

    def judging(self, progress: Notify) -> Notify:
        return self._part(lambda share, text: progress(share, f"judging, {text}"), LEARNED, 1.0)

    def _part(self, progress: Notify, start: float, end: float) -> Notify:
        def part(share: float, text: str) -> None:
            progress(min(1.0, self.spent_s / self.total_s) if self._counts else start + (end - start) * share, text)

        return part

    @property
    def _counts(self) -> bool:
        return math.isfinite(self.total_s)
