"""How the minutes of a training are spent: all that the command does is in them.

First recordings are read and synthesised, for a tenth at most; then examples are made, for at most the recipe's share,
half of it for what is searched for first and for those to validate by; then follows learning; the end is for
evaluation, which draws and keeps fewer cases where that is not enough. A shard of examples has so few that it is no
lump. Only what cannot be divided comes on top: a render, an update or a case that is under way when the time is up,
and one case at least.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.training.data.recordings import Side

Notify = Callable[[float, str], None]

LOADING_SHARE = 0.1
VALIDATION_SHARE = 0.3  # of it, for recordings to validate by
EVALUATION_SHARE, LEAST_EVALUATION_S, MOST_EVALUATION_SHARE = 0.1, 10.0, 0.25
MOST_PREPARING = 0.9  # of the time until learning is over: something must be learned
SHARD_SHARE = 0.04  # of the whole, that the making of one shard may take
PROBED = 4  # examples that are timed
FEWEST = 2  # examples of a shard
PREPARED, LEARNED = 0.4, 0.95  # shares of the progress behind each, where updates are counted in place of time


@dataclass
class TimeBudget:
    """The time of one training, over all runs that it takes. Infinite where updates are counted in place of time.

    Attributes:
        load_s: for recordings.
        prepare_s, render_more_s, learn_s, total_s: by when learning begins, no more examples are made beside it,
            learning is over, and all is done.
        shard_s: how long the making of one shard may take.
    """

    load_s: float = math.inf
    prepare_s: float = math.inf
    render_more_s: float = math.inf
    learn_s: float = math.inf
    total_s: float = math.inf
    shard_s: float = math.inf
    begin: float = field(default_factory=time.monotonic)

    @classmethod
    def of(
        cls, minutes: float, *, preparing: float, rendering_more: float, evaluates: bool, begin: float | None = None
    ) -> TimeBudget:
        """Divide `minutes`: the share that preparing may take, and the one by which rendering more is over.

        Args:
            begin: of the command, on the monotonic clock; None: now.
        """
        total_s = 60 * minutes
        evaluation_s = max(EVALUATION_SHARE * total_s, min(LEAST_EVALUATION_S, MOST_EVALUATION_SHARE * total_s))
        budget = cls(
            load_s=LOADING_SHARE * total_s,
            prepare_s=preparing * total_s,
            render_more_s=rendering_more * total_s,
            learn_s=total_s - evaluation_s if evaluates else total_s,
            total_s=total_s,
            shard_s=SHARD_SHARE * total_s,
        )
        budget.begin = budget.begin if begin is None else begin
        return budget

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self.begin

    @property
    def left_s(self) -> float | None:
        """None: as much as it takes."""
        return max(0.0, self.total_s - self.spent_s) if self._is_limited else None

    def loading(self) -> Callable[[Side], bool]:
        """Whether, from now on, the time for reading and synthesising the recordings of a side has passed."""
        begin_s = self.spent_s
        return lambda side: self.spent_s - begin_s > self.load_s * (VALIDATION_SHARE if side == "validation" else 1)

    def begin_preparing(self) -> None:
        """Examples are made from now on: they have their share of the time, whatever reading took."""
        self.prepare_s = min(self.spent_s + self.prepare_s, MOST_PREPARING * self.learn_s)

    def half_of_preparing(self) -> Callable[[], bool]:
        """Whether, from now on, half of what is left for preparing has passed."""
        end_s = (self.spent_s + self.prepare_s) / 2
        return lambda: self.spent_s > end_s

    @property
    def is_preparing_over(self) -> bool:
        return self.spent_s > self.prepare_s

    @property
    def is_rendering_more_over(self) -> bool:
        return self.spent_s > self.render_more_s

    def shard_examples(self, make: Callable[[int], object], most: int) -> int:
        """Return how many examples a shard is to have, `most` at most, by the time that `make` takes for a few."""
        if not self._is_limited:
            return most
        first_s = _timed_s(make, 1)  # loads the plugins, too
        count = PROBED if PROBED * first_s <= self.shard_s else 1
        each_s = _timed_s(make, count) / count
        return most if each_s * most <= self.shard_s else min(most, max(FEWEST, int(self.shard_s / each_s)))

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


def _timed_s(make: Callable[[int], object], count: int) -> float:
    begin = time.monotonic()
    make(count)
    return time.monotonic() - begin
