"""Settings for a chain that no model knows: searched for through its plugins, from what can be worked out.

The goal is a change: by how much the plugins should move the mean and the spread of each band, as the difference of two
unaligned recordings tells it with what playing explains shrunk away. What the plugins change is measured on a few
windows of the track. The controls of linear filters are never searched for: beside every candidate they are fitted to
what it leaves over, by their measured responses, so that a search has few dimensions (variable projection: G. Golub,
V. Pereyra, 2003). The others (thresholds, drives, choices) go by CMA-ES, near where the user has them. What was found
must hold on windows that the search never used. The numbers below are judgement; what they reach: `models/LOG.md`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.search import SearchSpace, search
from bridge.automix.tone_match.fit import GainRange, fit_response
from bridge.automix.tone_match.responses import ChainResponse
from bridge.features.profile import SPREAD_WEIGHT, SoundFeatures
from bridge.features.tone_difference import estimate_tone_difference
from bridge.model.bundle import categories_of, normalized_to_positions, positions_to_normalized
from bridge.types import Audio, Float64, Indices, Mask, NormalizedArray

SPREAD, OTHER_CHOICE = 0.35, 0.3  # of a range, how far the right setting may lie; the chance of another choice
SPREAD_SHARE = 0.6  # of a reference's other dynamics, that is no matter of playing
PRIOR_DB = 0.3  # for each spread that the searched controls move on average
CORRECTIONS = 3  # renders in which the filters are fitted to what was measured
FIT_STEPS = 4
SEARCH_SHARE = 0.85  # of the time; the rest is for what holds
LEAST_SHARE = 0.5  # of the time, that is searched for however long all before took
PAYS_DB = 0.05  # that a search must save on the windows held back


class Change(NamedTuple):
    """By how much plugins move the mean and the spread of each band (bands,), in dB."""

    mean_db: Float64
    spread_db: Float64


class Tried(NamedTuple):
    """Settings (controls,), what they change, and how far that lies from what is wanted."""

    normalized: NormalizedArray
    change: Change
    cost_db: float


@dataclass(frozen=True)
class WantedChange:
    """What is wanted of the plugins, in the bands (bands,) that count; `certainty` as of a `ToneDifference`."""

    change: Change
    counts: Mask
    certainty: float

    def cost_db(self, change: Change) -> float:
        """How far `change` lies from it, as `profile_distance_db` weighs mean and spread."""
        apart = [np.abs(one - wanted)[self.counts].mean() for one, wanted in zip(change, self.change, strict=True)]
        return float(apart[0] + SPREAD_WEIGHT * apart[1])


def wanted_change(
    sound: SoundFeatures, reference: SoundFeatures, metrics: CandidateMetrics, played: Change
) -> WantedChange | None:
    """What brings `sound` to `reference`; None where one of them is too short to tell.

    Args:
        played: what the plugins change as they are set now.
    """
    mean_db = played.mean_db.astype(np.float32)
    difference = estimate_tone_difference(sound, reference, metrics.features, played_db=mean_db)
    if difference is None:
        return None
    denser_db = reference.profile.spread_db - (sound.profile.spread_db + played.spread_db)
    change = Change(played.mean_db + difference.mean_db, played.spread_db + SPREAD_SHARE * denser_db)
    return WantedChange(change, difference.counts, difference.certainty)


def measure_changes(
    renderer: CandidateRenderer, metrics: CandidateMetrics, rows: Sequence[NormalizedArray]
) -> Iterator[Change | None]:
    """Yield what each of `rows` (controls,) changes on the renderer's windows; None where a plugin failed."""
    dry, *_ = metrics.extract([renderer.windows])
    assert dry is not None
    for windows in renderer.render_windows(rows):
        (wet,) = metrics.extract([windows])
        if wet is None:
            yield None
        else:
            after, before = wet.profile, dry.profile
            mean_db, spread_db = after.mean_db - before.mean_db, after.spread_db - before.spread_db
            yield Change(mean_db.astype(np.float64), spread_db.astype(np.float64))


def played_change(renderer: CandidateRenderer, metrics: CandidateMetrics, current: NormalizedArray) -> Change:
    """What the plugins change as they are set now: nothing of a dry track. Raises PluginError."""
    if renderer.is_dry:
        return Change(*np.zeros((2, metrics.features.bands)))
    (played,) = measure_changes(renderer, metrics, [current])
    if played is None:
        raise renderer.failure(current)
    return played


@dataclass(frozen=True)
class ChainSearch:
    """A search for one track. `free` (controls,) may move; the others stay at `current`.

    Attributes:
        searched, held_back: the chain, with the windows to search by, and with others to judge by.
        response: what the filters of the chain do.
    """

    searched: CandidateRenderer
    held_back: CandidateRenderer
    metrics: CandidateMetrics
    response: ChainResponse
    wanted: WantedChange
    current: NormalizedArray
    free: Mask

    def run(
        self,
        limit_s: float,
        *,
        limit_candidates: float = np.inf,
        seed: int = 0,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> list[NormalizedArray]:
        """Return settings to try, the best first: none that did not help on the windows held back.

        Searches for at most `limit_s` seconds; without any, what can be worked out is all.
        """
        begin = time.monotonic()
        tried = self._corrected(self.current, CORRECTIONS)
        if tried is None:
            return []
        found = tried
        if limit_s > 0 and self.is_searched.any():
            measure = _FittedMeasure(self, tried)
            left_s = max(LEAST_SHARE * limit_s, begin + SEARCH_SHARE * limit_s - time.monotonic())
            result = search(
                self.space(tried.normalized),
                measure,
                limit_s=left_s,
                limit_candidates=limit_candidates,
                seed=seed,
                progress=progress,
            )
            if result.cost_db < result.start_cost_db:
                found = self._corrected(measure.settings(result.positions[None])[0], CORRECTIONS - 1) or tried
        return self._held([found, tried] if found is not tried else [tried])

    def _held(self, found: Sequence[Tried]) -> list[NormalizedArray]:
        """Those of `found` that come nearer on the windows held back, the best first."""
        rows = [self.current, *(one.normalized for one in found)]
        changes = list(measure_changes(self.held_back, self.metrics, rows))
        now = Change(*np.zeros((2, len(self.wanted.counts)))) if self.held_back.is_dry else changes[0]
        if now is None:
            return []
        before_db = self.wanted.cost_db(now)
        costs = [np.inf if one is None else self.wanted.cost_db(one) for one in changes[1:]]
        costs[0] += PAYS_DB * (len(costs) > 1)
        order = sorted(range(len(found)), key=costs.__getitem__)
        return [found[place].normalized for place in order if costs[place] < before_db]

    def tried(self, rows: Sequence[NormalizedArray]) -> Iterator[Tried | None]:
        """What each of `rows` does on the windows to search by."""
        for row, change in zip(rows, measure_changes(self.searched, self.metrics, rows), strict=True):
            yield None if change is None else Tried(row, change, self.wanted.cost_db(change))

    def fitted(self, tried: Tried) -> Tried:
        """`tried` with the filters fitted to what it leaves over, and what that should change."""
        before_db = self.response.at(tried.normalized[None].astype(np.float64))[0] if self.response.slots else 0.0
        if not self._fitted_controls.size:
            return tried
        low, high = (bound.astype(np.float64) for bound in self.searched.chain.bounds)
        start = tried.normalized.astype(np.float64)
        start[self._fitted_controls] = self.current[self._fitted_controls]
        normalized, _ = fit_response(
            self.response,
            self.wanted.change.mean_db - (tried.change.mean_db - before_db),
            self.wanted.counts.astype(np.float64),
            start=start,
            free=self._fitted_controls,
            bounds=(low, high),
            gain=GainRange(0.0, 0.0),
            starts=1,
            steps=FIT_STEPS,
        )
        settings = self.searched.nearest(normalized.astype(np.float32))
        after_db = self.response.at(settings[None].astype(np.float64))[0]
        change = tried.change._replace(mean_db=tried.change.mean_db - before_db + after_db)
        return Tried(settings, change, self.wanted.cost_db(change))

    def _corrected(self, normalized: NormalizedArray, times: int) -> Tried | None:
        """The best of `normalized` and of what fitting the filters makes of it; None where a plugin fails there."""
        best = None
        for _ in range(times if self._fitted_controls.size else 1):
            if (tried := next(self.tried([normalized]))) is None:
                break
            best = tried if best is None or tried.cost_db < best.cost_db else best
            normalized = self.fitted(tried).normalized
        return best

    @cached_property
    def _fitted_controls(self) -> Indices:
        controls = self.response.controls
        return controls[self.free[controls]] if controls.size else controls

    @cached_property
    def is_searched(self) -> Mask:
        """(controls,) what the search itself moves."""
        searched = self.free.copy()
        searched[self._fitted_controls] = False
        return searched

    def space(self, start: NormalizedArray) -> SearchSpace:
        """Where a search may go: the controls that nothing is fitted of, around `start`."""
        chain = self.searched.chain
        categories = categories_of(chain)
        spread = np.full(start.size, SPREAD)
        for category in categories:
            spread[category.control] = OTHER_CHOICE
        positions = normalized_to_positions(chain, start).astype(np.float64)
        return SearchSpace(positions, spread, self.is_searched, categories)


class _FittedMeasure:
    """What candidates cost once the filters are fitted to them. The filters they are rendered with are the best so far:
    what stands behind them, a distortion, answers what comes out of them."""

    def __init__(self, job: ChainSearch, start: Tried) -> None:
        self._job, self._filters, self._best_db = job, start.normalized, np.inf
        self._origin = job.space(job.current)

    def settings(self, positions: Float64) -> NormalizedArray:
        """Settings (n, controls) of positions, with the best filters so far."""
        rows = positions_to_normalized(self._job.searched.chain, positions)
        return np.where(self._job.is_searched, rows, self._filters).astype(np.float32)

    def __call__(self, positions: Float64) -> Float64:
        priors = PRIOR_DB * self._origin.prior(positions)
        costs, filters = np.full(len(positions), np.inf), self._filters
        for place, tried in enumerate(self._job.tried(list(self.settings(positions)))):
            if tried is None:
                continue
            fitted = self._job.fitted(tried)
            costs[place] = fitted.cost_db + priors[place]
            if costs[place] < self._best_db:
                self._best_db, filters = costs[place], fitted.normalized
        self._filters = filters
        return costs


def search_windows(
    renderer: CandidateRenderer, windows: Sequence[Audio]
) -> tuple[CandidateRenderer, CandidateRenderer]:
    """Every other window to search by, and the others to judge by; the same where there is one."""
    return replace(renderer, windows=windows[::2]), replace(renderer, windows=windows[1::2] or windows)
