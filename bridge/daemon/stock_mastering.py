"""Loudness and true peak by REAPER's own limiter: tried in REAPER's render until they are right, then written.

Nothing here knows what ReaLimit does: each trial says which levels to try, and the next request brings what REAPER has
rendered with them. Only what was rendered so is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from bridge.automix.facts import Decision, DecisionKind, Measurements, MeasurementsPair
from bridge.automix.guard.metrics import measure
from bridge.automix.job import LoudnessTarget
from bridge.automix.loudness_solver import loudness_outcome
from bridge.plugins.chain.chain import VST3, Chain
from bridge.reaper.mapping.identity import plugin_name
from bridge.reaper.mapping.stock_limiter import StockLimiter
from bridge.reaper.protocol.mastering_trial import MasteringTrial, TriedLevels
from bridge.reaper.protocol.messages import Reply
from bridge.types import Audio

TOLERANCE_LU = 0.3
MARGIN_DB = 0.05  # the ceiling is aimed at from so far below
MOST_LIMITING_DB = 12.0
MOST_TRIALS = 6
SLOPES = (0.3, 1.5)  # of loudness per dB of drive, as far as two trials are believed
LIFTS_FROM = 0.1  # with a smaller slope the limiter only takes away
_LEAST_STEP_DB = 0.05


def master_by_limiter(
    reply: Reply,
    limiter: StockLimiter,
    target: LoudnessTarget,
    excerpts: Sequence[Audio],
    sample_rate_hz: int,
    trial: MasteringTrial | None,
) -> Reply:
    """The next levels to try, or the decision.

    Args:
        reply: what is said of the request otherwise.
        limiter: on the track, with its values before any trial.
        target: loudness and true peak to reach.
        excerpts: the mix as the FX receive it; with a `trial`, as it leaves them with the levels tried last.
        sample_rate_hz: of the excerpts.
        trial: what was tried so far; None at first.
    """
    measured = measure(excerpts, sample_rate_hz)
    loudness, peak = measured.loudness_lufs, measured.true_peak_dbtp
    if loudness is None or peak is None:
        return msgspec.structs.replace(reply, decision=Decision(kind=DecisionKind.SILENT))
    if trial is None:
        ceiling_db = target.ceiling_dbtp - MARGIN_DB
        first = MasteringTrial(loudness_lufs=loudness, true_peak_dbtp=peak)
        return _try(reply, limiter, first, target.loudness_lufs - loudness, ceiling_db)
    trial = _with_measured(trial, loudness, peak)
    last, excess_db = trial.tried[-1], peak - target.ceiling_dbtp
    next_db = _next_drive_db(trial, target)
    is_last = len(trial.tried) >= MOST_TRIALS
    if excess_db <= 0 and (is_last or abs(next_db - last.drive_db) < _LEAST_STEP_DB):
        return _decided(reply, limiter, target, trial, measured)
    if is_last:
        clipped = Decision(kind=DecisionKind.WOULD_CLIP, true_peak_dbtp=peak, ceiling_dbtp=target.ceiling_dbtp)
        return msgspec.structs.replace(reply, decision=clipped)
    ceiling_db = last.ceiling_db - (excess_db + MARGIN_DB if excess_db > 0 else 0.0)
    return _try(reply, limiter, trial, next_db, ceiling_db)


def is_stock_wanted(chain: Chain, preferred: str, is_installed: Callable[[str], bool]) -> bool:
    """Whether REAPER's own limiter is to be added where a track holds neither that nor a plugin of `chain`: the user
    prefers a limiter that is not the chain's, or has not all of its plugins. `preferred`: '' for no preference."""
    plugins = [slot for slot in chain.slots if slot.scheme == VST3]
    if preferred:
        return not any(plugin_name(slot).lower() in preferred.lower() for slot in plugins)
    return not all(is_installed(slot.plugin) for slot in plugins)


def _with_measured(trial: MasteringTrial, loudness: float, peak: float) -> MasteringTrial:
    last = msgspec.structs.replace(trial.tried[-1], loudness_lufs=loudness, true_peak_dbtp=peak)
    return msgspec.structs.replace(trial, tried=(*trial.tried[:-1], last))


def _next_drive_db(trial: MasteringTrial, target: LoudnessTarget) -> float:
    """The drive by the secant of the last trials; none where the limiter turns out to lift nothing."""
    last = trial.tried[-1]
    off_lu = target.loudness_lufs - last.loudness_lufs
    slope = _slope(trial.tried)
    if slope < LIFTS_FROM:
        return 0.0
    if abs(off_lu) <= TOLERANCE_LU:
        return last.drive_db
    return _bounded(trial, last.drive_db + off_lu / min(max(slope, SLOPES[0]), SLOPES[1]), last.ceiling_db)


def _try(reply: Reply, limiter: StockLimiter, trial: MasteringTrial, drive_db: float, ceiling_db: float) -> Reply:
    """The next trial: `drive_db` is how far the threshold lies below the ceiling."""
    threshold_db, ceiling_db = limiter.realized(ceiling_db - _bounded(trial, drive_db, ceiling_db), ceiling_db)
    levels = TriedLevels(threshold_db=threshold_db, ceiling_db=ceiling_db)
    return msgspec.structs.replace(
        reply,
        status="try",
        writes=limiter.writes(threshold_db, ceiling_db),
        trial=msgspec.structs.replace(trial, tried=(*trial.tried, levels)),
    )


def _bounded(trial: MasteringTrial, drive_db: float, ceiling_db: float) -> float:
    """No peak of the mix is taken down by more than `MOST_LIMITING_DB`."""
    return min(drive_db, ceiling_db - (trial.true_peak_dbtp - MOST_LIMITING_DB))


def _slope(tried: Sequence[TriedLevels]) -> float:
    """How much louder a dB of drive makes it, by the last two trials that differ."""
    last, *earlier = reversed(tried)
    for other in earlier:
        if abs(last.drive_db - other.drive_db) > _LEAST_STEP_DB:
            return (last.loudness_lufs - other.loudness_lufs) / (last.drive_db - other.drive_db)
    return 1.0


def _is_no_better(target: LoudnessTarget, before: Measurements, after: Measurements) -> bool:
    """Whether the mix ends farther from the loudness than it was, and its peaks were in order."""
    if before.loudness_lufs is None or before.true_peak_dbtp is None or after.loudness_lufs is None:
        return True
    was, now = (abs(target.loudness_lufs - m) for m in (before.loudness_lufs, after.loudness_lufs))
    return now > was + TOLERANCE_LU and before.true_peak_dbtp <= target.ceiling_dbtp


def _decided(
    reply: Reply, limiter: StockLimiter, target: LoudnessTarget, trial: MasteringTrial, measured: Measurements
) -> Reply:
    levels = trial.tried[-1]
    before = Measurements(trial.loudness_lufs, trial.true_peak_dbtp, None)
    is_wanted = not _is_no_better(target, before, measured)
    writes = limiter.writes(levels.threshold_db, levels.ceiling_db) if is_wanted else ()
    decision = Decision(
        kind=DecisionKind.LOUDNESS_ONLY if writes else DecisionKind.NOT_DISPLAYED,
        loudness=loudness_outcome(target, measured, MOST_LIMITING_DB),
    )
    return msgspec.structs.replace(
        reply,
        status="apply" if writes else "unchanged",
        decision=decision,
        writes=writes,
        changes=limiter.changes(levels.threshold_db, levels.ceiling_db) if writes else (),
        measures=MeasurementsPair(before, measured),
    )
