"""How the minutes of a training are spent: all that the command does is in them.

First recordings are read and examples made, for at most the recipe's share; then follows learning; the last tenth is
for evaluation, which keeps fewer cases where that is not enough. Only what cannot be divided comes on top: an update or
a case that is under way when the time is up, and one case of each use at least.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Notify = Callable[[float, str], None]

EVALUATION_SHARE = 0.1
PREPARED, LEARNED = 0.4, 0.95  # shares of the progress behind each, where updates are counted in place of time


@dataclass
class TimeBudget:
    """The time of one training, over all runs that it takes. Infinite where updates are counted in place of time.

    Attributes:
        prepare_s, render_more_s, learn_s, total_s: by when learning begins, no more examples are made beside it,
            learning is over, and all is done.
    """

    prepare_s: float = math.inf
    render_more_s: float = math.inf
    learn_s: float = math.inf
    total_s: float = math.inf
    begin: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, minutes: float, *, preparing: float, rendering_more: float, evaluates: bool) -> TimeBudget:
        """Divide `minutes`: the shares of the whole by which preparing, and rendering more, are over."""
        total_s = 60 * minutes
        learn_s = total_s * (1 - EVALUATION_SHARE if evaluates else 1)
        return cls(preparing * total_s, rendering_more * total_s, learn_s, total_s)

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self.begin

    @property
    def left_s(self) -> float | None:
        """None: as much as it takes."""
        return max(0.0, self.total_s - self.spent_s) if self._is_limited else None

    @property
    def is_preparing_over(self) -> bool:
        return self.spent_s > self.prepare_s

    @property
    def is_rendering_more_over(self) -> bool:
        return self.spent_s > self.render_more_s

    def set_spent(self, spent_s: float) -> None:
        """Go on with a training that had spent so much when it was stopped."""
        self.begin = time.monotonic() - spent_s

    def preparing(self, progress: Notify) -> Notify:
        """The progress of preparing as a part of the whole."""
        return self._part(progress, 0.0, PREPARED)

    def learning(self, progress: Notify) -> Notify:
        return self._part(progress, PREPARED, LEARNED)

    def evaluating(self, progress: Notify) -> Notify:
        return self._part(lambda share, text: progress(share, f"evaluating, {text}"), LEARNED, 1.0)

    def _part(self, progress: Notify, start: float, end: float) -> Notify:
        def part(share: float, text: str) -> None:
            progress(min(1.0, self.spent_s / self.total_s) if self._is_limited else start + (end - start) * share, text)

        return part

    @property
    def _is_limited(self) -> bool:
        return math.isfinite(self.total_s)
