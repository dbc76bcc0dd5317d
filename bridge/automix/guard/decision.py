"""Do no harm: settings are accepted only when the real plugins show that they improve the stated measure.

The guard has a few windows of the track rendered with the prediction at several amounts, and compares how far each lies
from the target with how far the track lies as it is heard now: through the user's settings, or untouched. It never
lets through a higher true peak than full scale (or than was there before), silence, a broken output, noise or rumble
that is lifted, or an improvement too small to be told from chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bridge.automix.facts import Decision, DecisionKind, Measurements
from bridge.automix.guard.acceptance import Acceptance, GuardDecision
from bridge.automix.guard.metrics import (
    HEADROOM_DB,
    Candidate,
    CandidateMetrics,
    highest_true_peak_dbtp,
)
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.errors import PluginError
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Mask, NormalizedArray

AMOUNTS = (1.0, 0.7, 0.4)
LEVELLINGS, LEVEL_LU = 3, 0.2  # how often an output gain is corrected, and how near is near enough
_SUPERSEDED = PluginError("Another gain was chosen before this one was rendered.")


@dataclass(frozen=True)
class Guard:
    """Decides on settings for one track against one objective.

    Where the objective leaves the level open, as without a reference, the loudness stays what it was.

    Attributes:
        free: (controls,) which controls may move.
        headroom_db: how far below the ceiling the highest peak must stay.
        begun: the windows as `CandidateRenderer.begin_current` has them, where that was before there was an objective.
    """

    renderer: CandidateRenderer
    metrics: CandidateMetrics
    free: Mask
    headroom_db: float = 0.0
    begun: RenderBatch | None = None

    @property
    def _acceptance(self) -> Acceptance:
        return Acceptance(self.metrics, self.headroom_db)

    def decide(self, current: NormalizedArray, predicted: NormalizedArray, amount: float) -> GuardDecision:
        """Decide whether `predicted` (controls,), taken at `amount` 0..1 or less, is better than `current`.

        The largest amount that passes is taken, not the one that seems closest: distances of unaligned sounds are
        too coarse to choose between two improvements.
        Raises PluginError when even `current` cannot be rendered.
        """
        begun = self.begun or self.renderer.begin_current(current)
        full = move_toward(self.renderer, current, predicted, amount * AMOUNTS[0], self.free)
        full_batch = self.renderer.begin(full, self.renderer.windows)
        before = self._before(current, begun)
        measured = before.measurements.at_distance(before.distance_db)
        if self.metrics.objective.is_met(before.distance_db):
            self.renderer.check(current)
            return GuardDecision(Decision(kind=DecisionKind.WITHIN_RANGE), measured, measured)
        share = amount * float(np.mean(self.free))  # the less may move, the less can be asked for
        refused: list[GuardDecision] = []
        for candidate in self._candidates(current, predicted, amount, (full, full_batch)):
            result = self._acceptance.decide(candidate, before, share, self._levelled)
            if result.decision.is_applied:
                return result
            refused.append(result)
        if not refused:
            self.renderer.check(current)
            return GuardDecision(Decision(kind=DecisionKind.RENDER_FAILED), measured, measured)
        return min(refused, key=lambda result: result.decision.after_db)

    def _before(self, current: NormalizedArray, begun: RenderBatch | None) -> Candidate:
        """The track as it is heard now. Raises PluginError."""
        if begun is None:
            return Candidate(0.0, current, tuple(self.renderer.windows), self.metrics)
        if (before := self._candidate(0.0, current, begun)) is None:
            raise self.renderer.failure(current)
        return before

    def _candidates(
        self,
        current: NormalizedArray,
        predicted: NormalizedArray,
        amount: float,
        full: tuple[NormalizedArray, RenderBatch],
    ) -> Iterator[Candidate]:
        """Yield the candidates at falling amounts, without those that a plugin failed on. The smaller amounts are
        rendered only where the `full` one was refused."""
        if (candidate := self._candidate(amount * AMOUNTS[0], *full)) is not None:
            yield candidate
        amounts = [amount * part for part in AMOUNTS[1:]]
        rows = [move_toward(self.renderer, current, predicted, part, self.free) for part in amounts]
        batches = [self.renderer.begin(row, self.renderer.windows) for row in rows]
        for part, row, batch in zip(amounts, rows, batches, strict=True):
            if (candidate := self._candidate(part, row, batch)) is not None:
                yield candidate

    def _candidate(
        self, amount: float, normalized: NormalizedArray, batch: RenderBatch, *, is_whole: bool = False
    ) -> Candidate | None:
        """The candidate whose windows `batch` begins with; None where a plugin failed."""
        windows = self.renderer.windows_of(batch)
        if windows is None:
            return None
        return Candidate(amount, normalized, windows, self.metrics, batch if is_whole else None)

    def _levelled(self, candidate: Candidate, before: Measurements) -> tuple[Candidate, float]:
        """`candidate` with its output gain set: where the level is open to the loudness there was, beside a reference
        between that and the reference's, and below the ceiling; and the highest true peak of all that is known.

        The windows were chosen by what the track was before its plugins: what a boost lifts may lie elsewhere.
        """
        best, ceiling, objective = candidate, self._acceptance.ceiling_dbtp(before), self.metrics.objective
        for number in range(LEVELLINGS):
            if best.loudness_lufs is None or before.loudness_lufs is None:
                break
            gap_lu = objective.missing_lu(before.loudness_lufs, best.loudness_lufs)
            is_near = abs(gap_lu) <= LEVEL_LU  # what lies behind the gain may answer it with less
            if is_near and (number > 0 or objective.loudness_counts):
                break
            best = self._with_gain(best, gap_lu)
        peak_dbtp = best.measurements.true_peak_dbtp
        if peak_dbtp is not None and peak_dbtp > ceiling:
            best = self._with_gain(best, ceiling - peak_dbtp - HEADROOM_DB)
        highest = self._highest_peak_dbtp(best)
        if highest > ceiling:
            best = self._with_gain(best, ceiling - highest - HEADROOM_DB)
            highest = self._highest_peak_dbtp(best)
        return best, highest

    def _with_gain(self, candidate: Candidate, gain_db: float) -> Candidate:
        """`candidate` with its output gain moved and rendered again; as it is where no output gain is free."""
        for index, control in enumerate(self.renderer.chain.controls):
            if control.role == "output_gain" and self.free[index]:
                moved = control.normalized(control.real_value(float(candidate.normalized[index])) + gain_db)
                normalized = candidate.normalized.copy()
                normalized[index] = np.clip(moved, control.low, control.high)
                normalized = self.renderer.nearest(normalized)
                # With all the rest behind the windows: the workers are at it while these are measured.
                batch = self.renderer.begin(normalized, [*self.renderer.windows, *self.renderer.everything])
                if candidate.whole is not None:
                    candidate.whole.stop(_SUPERSEDED)
                return self._candidate(candidate.amount, normalized, batch, is_whole=True) or candidate
        return candidate

    def _highest_peak_dbtp(self, candidate: Candidate) -> float:
        """The true peak of all that is known, through `candidate`; -inf for silence. Raises PluginError."""
        if candidate.whole is None:
            parts = self.renderer.render(candidate.normalized, self.renderer.everything)
        else:
            parts = []
            for index in range(len(self.renderer.everything)):
                part = candidate.whole.result(len(self.renderer.windows) + index)
                if isinstance(part, PluginError):
                    raise part
                parts.append(part)
        peak_dbtp = highest_true_peak_dbtp(parts, self.renderer.sample_rate_hz)
        return -np.inf if peak_dbtp is None else peak_dbtp


def move_toward(
    renderer: CandidateRenderer, current: NormalizedArray, predicted: NormalizedArray, amount: float, free: Mask
) -> NormalizedArray:
    """Return the settings at `amount` 0..1 of the way from `current` to `predicted`, as near as the plugins can have
    them; choices are those of `predicted`, as there is nothing in between, and controls that are not `free` stay."""
    is_choice = np.array([bool(control.choices) for control in renderer.chain.controls], dtype=bool)
    share = np.where(is_choice, np.ceil(amount), amount)
    moved = np.where(free, current + share * (predicted - current), current).astype(np.float32)
    return moved if amount == 0.0 else renderer.nearest(moved)
