"""The rule by which new settings are accepted: what a sound must be measured to be, to take the place of another.

It is the same whether plugins have rendered the sound here or REAPER has, and renders nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from bridge.audio.silence import SILENCED_RMS
from bridge.automix.facts import Decision, DecisionKind, Measurements
from bridge.automix.guard.metrics import Baseline, Candidate, CandidateMetrics, ceiling_dbtp
from bridge.features.background import BackgroundLift

LOUDNESS_DRIFT_LU = 3.0  # without reference, and without an output gain to make up
MOST_LIFT_DB = 3.0  # of noise and rumble beside the sound
NOTICED_LU = 0.5  # a change of loudness of less is not spoken of

Level = Callable[[Candidate, Measurements], tuple[Candidate, float]]
"""Makes up for a candidate's loudness, given what was measured before, and says its highest true peak in dBTP."""


@dataclass(frozen=True)
class GuardDecision:
    """What the guard decided. `accepted` is None where the user's own settings stay; else `baseline` is what it was
    compared with."""

    decision: Decision
    before: Measurements
    after: Measurements
    accepted: Candidate | None = None
    baseline: Baseline | None = None


@dataclass(frozen=True)
class Acceptance:
    """Decides whether one sound may take the place of another, against one objective.

    Attributes:
        headroom_db: how far below the ceiling the highest peak must stay.
    """

    metrics: CandidateMetrics
    headroom_db: float = 0.0

    def decide(self, candidate: Candidate, before: Candidate, share: float, level: Level) -> GuardDecision:
        """Decide on one candidate; `share` is how much of the way to the objective is asked for."""
        objective = self.metrics.objective
        baseline = before.baseline if objective.loudness_counts else before.loudness_matched(candidate)
        needed_db = objective.needed_db(baseline.distance_db, share)
        was = before.measurements.at_distance(before.distance_db)
        refusal = Decision(
            kind=DecisionKind.NOT_CLOSER,
            before_db=before.distance_db,
            needed_db=needed_db,
            after_db=candidate.distance_db,
        )
        if candidate.distance_db > needed_db:
            return GuardDecision(refusal, was, was)
        if not objective.permits(baseline.profile, candidate.profile):
            return GuardDecision(msgspec.structs.replace(refusal, kind=DecisionKind.UNLIKE_RECORDINGS), was, was)
        if not objective.knows(baseline.profile, candidate.profile):
            return GuardDecision(msgspec.structs.replace(refusal, kind=DecisionKind.UNFAMILIAR), was, was)
        levelled, peak_dbtp = level(candidate, before.measurements)
        distance_db = levelled.distance_db if objective.loudness_counts else candidate.distance_db
        harm = self._harm(levelled, before.measurements, peak_dbtp) or _lifted(levelled.lift_above(before))
        if distance_db > needed_db or harm is not None:
            refused = msgspec.structs.replace(refusal, after_db=distance_db, **(harm or {}))
            return GuardDecision(refused, was, was)
        accepted = msgspec.structs.replace(
            refusal,
            kind=DecisionKind.IMPROVED,
            before_db=baseline.distance_db,
            after_db=distance_db,
            loudness_change_lu=self._unwanted_change_lu(levelled, before.measurements),
        )
        after = levelled.measurements.at_distance(distance_db)
        return GuardDecision(accepted, was.at_distance(baseline.distance_db), after, levelled, baseline)

    def _harm(self, candidate: Candidate, before: Measurements, peak_dbtp: float) -> dict[str, Any] | None:
        """Why a candidate must not replace what was there, as kind and numbers of a `Decision`; None where it may."""
        after, ceiling = candidate.measurements, self.ceiling_dbtp(before)
        if after.true_peak_dbtp is None or candidate.rms < SILENCED_RMS:
            return {"kind": DecisionKind.WOULD_SILENCE}
        if (highest := max(peak_dbtp, after.true_peak_dbtp)) > ceiling:
            return {"kind": DecisionKind.WOULD_CLIP, "true_peak_dbtp": highest, "ceiling_dbtp": ceiling}
        if after.loudness_lufs is None or before.loudness_lufs is None:
            is_as_loud = after.loudness_lufs is None and before.loudness_lufs is None
            return None if is_as_loud else {"kind": DecisionKind.LOUDNESS_WOULD_SHIFT}
        missing_lu = self.metrics.objective.missing_lu(before.loudness_lufs, after.loudness_lufs)
        if abs(missing_lu) <= LOUDNESS_DRIFT_LU:
            return None
        change_lu = after.loudness_lufs - before.loudness_lufs
        return {"kind": DecisionKind.LOUDNESS_WOULD_SHIFT, "loudness_change_lu": change_lu}

    def _unwanted_change_lu(self, candidate: Candidate, before: Measurements) -> float | None:
        """How much louder a candidate is than what was there, where it was to be as loud and somebody would notice."""
        after = candidate.measurements
        if self.metrics.objective.loudness_counts or after.loudness_lufs is None or before.loudness_lufs is None:
            return None
        change_lu = after.loudness_lufs - before.loudness_lufs
        return change_lu if abs(change_lu) >= NOTICED_LU else None

    def ceiling_dbtp(self, before: Measurements) -> float:
        """Return the highest true peak that is allowed."""
        return ceiling_dbtp(before) - self.headroom_db


def _lifted(lift: BackgroundLift) -> dict[str, Any] | None:
    """What lies behind a sound and must not be lifted so far, as kind and numbers of a `Decision`; None for nothing."""
    if max(lift.noise_db, lift.rumble_db) <= MOST_LIFT_DB:
        return None
    if lift.noise_db > lift.rumble_db:
        return {"kind": DecisionKind.NOISE_WOULD_RISE, "lift_db": lift.noise_db}
    return {"kind": DecisionKind.RUMBLE_WOULD_RISE, "lift_db": lift.rumble_db}
