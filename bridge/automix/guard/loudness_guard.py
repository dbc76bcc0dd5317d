"""The guard of models with loudness and true-peak targets: tone at equal loudness, the target by trying.

Where no change of tone could be shown to be an improvement, loudness and peak are still brought to the target: that
was asked for. It is not done through a chain whose defaults change the tone of a sound that was untouched. How a target
is reached stands in `loudness_solver`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bridge.automix.facts import Decision, DecisionKind, Measurements
from bridge.automix.guard.acceptance import GuardDecision
from bridge.automix.guard.decision import move_toward
from bridge.automix.guard.metrics import Baseline, Candidate, CandidateMetrics, measure
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import LoudnessTarget, ProxyChain
from bridge.automix.loudness_solver import LoudnessControls, LoudnessSolver, loudness_outcome
from bridge.automix.objective import LEAST_DB
from bridge.decibels import db_to_amplitude
from bridge.errors import PluginError
from bridge.features.profile import profile_distance_db
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import RenderInput
from bridge.types import Audio, Indices, Mask, NormalizedArray

AMOUNTS = (1.0, 0.7, 0.4, 0.2)


@dataclass(frozen=True)
class SplitChain:
    """A chain before its limiter, and the limiter: rendered one after the other they are the chain.

    `tone_controls`, `limiter_controls`: indices of the controls of each of the two, among those of the whole chain.
    """

    tone: Chain
    limiter: Chain
    tone_controls: Indices
    limiter_controls: Indices


def split_at_limiter(chain: Chain) -> SplitChain:
    """Split `chain` at its limiter. ModelError for one without the controls that a target is reached by."""
    name = chain.controls[LoudnessControls.of(chain).limiting].slot
    places = [index for index, control in enumerate(chain.controls) if control.slot == name]
    others = [index for index, control in enumerate(chain.controls) if control.slot != name]
    return SplitChain(
        tone=Chain(name=f"{chain.name}, before {name}", slots=tuple(s for s in chain.slots if s.name != name)),
        limiter=Chain(name=f"{chain.name}, {name}", slots=tuple(s for s in chain.slots if s.name == name)),
        tone_controls=np.array(others),
        limiter_controls=np.array(places),
    )


def without_limiter(renderer: CandidateRenderer) -> CandidateRenderer:
    """Return `renderer` for the chain before its limiter; as it is where a proxy chain is rendered as a whole."""
    if renderer.proxy is not None:
        return renderer
    split = split_at_limiter(renderer.chain)
    return replace(renderer, proxy=ProxyChain(split.tone, lambda row: row[split.tone_controls]))


@dataclass(frozen=True)
class LoudnessGuard:
    """As `Guard`, for a chain with the controls that `target` is reached by; they must be free."""

    renderer: CandidateRenderer
    metrics: CandidateMetrics
    free: Mask
    target: LoudnessTarget

    def decide(self, current: NormalizedArray, predicted: NormalizedArray, amount: float) -> GuardDecision:
        """Take the largest amount of `predicted` (controls,) that is an improvement, at the target's loudness and peak.

        Raises PluginError when even the user's own settings cannot be rendered.
        """
        at_start = self._render_tone(0.0, current)
        if at_start is None:
            raise self.renderer.failure(current)
        is_dry, known = self.renderer.is_dry, self._all_known
        untouched = self._levelled(0.0, current, self.renderer.windows) if is_dry else at_start
        before = measure(known if is_dry else self._tone.render(current, known), self.renderer.sample_rate_hz)
        share = amount * float(np.mean(self.free))
        for part in AMOUNTS:
            moved = move_toward(self.renderer, current, predicted, amount * part, self.free)
            candidate = self._render_tone(amount * part, moved)
            if candidate is None or not self._is_closer(untouched, candidate, share):
                continue
            driven = self._to_target(candidate)
            if driven is not None and self._is_closer(untouched, driven[0], share):
                return self._accepted(DecisionKind.IMPROVED, untouched, before, *driven)
        measured = before.at_distance(untouched.distance_db)
        if self._tone_change_db(untouched, at_start) > LEAST_DB:
            refusal = Decision(
                kind=DecisionKind.NOT_CLOSER, before_db=untouched.distance_db, after_db=at_start.distance_db
            )
            return GuardDecision(refusal, measured, measured)
        if (driven := self._to_target(at_start)) is not None:
            return self._accepted(DecisionKind.LOUDNESS_ONLY, untouched, before, *driven)
        return GuardDecision(Decision(kind=DecisionKind.RENDER_FAILED), measured, measured)

    def _accepted(
        self, kind: DecisionKind, untouched: Candidate, before: Measurements, driven: Candidate, after: Measurements
    ) -> GuardDecision:
        baseline: Baseline = untouched.loudness_matched(driven)
        outcome = loudness_outcome(self.target, after, self._controls.most_limiting_db)
        return GuardDecision(
            Decision(kind=kind, before_db=baseline.distance_db, after_db=driven.distance_db, loudness=outcome),
            before.at_distance(baseline.distance_db),
            after.at_distance(driven.distance_db),
            driven,
            baseline,
        )

    def _tone_change_db(self, untouched: Candidate, at_start: Candidate) -> float:
        """How far a chain at its defaults takes a dry track from what it is, at equal loudness."""
        if at_start is untouched:
            return 0.0
        profiles, features = (untouched.profile, at_start.profile), self.metrics.features
        return profile_distance_db(*profiles, loudness_counts=False, features=features)

    def _is_closer(self, untouched: Candidate, candidate: Candidate, share: float) -> bool:
        objective, baseline = self.metrics.objective, untouched.loudness_matched(candidate)
        is_near = candidate.distance_db <= objective.needed_db(baseline.distance_db, share)
        return is_near and objective.permits(baseline.profile, candidate.profile)

    def _to_target(self, candidate: Candidate) -> tuple[Candidate, Measurements] | None:
        """`candidate` at the target by the windows and then by all that is known, and what that measures; None where
        a plugin failed."""
        chain, is_whole = self.renderer.chain, self.renderer.proxy is not None
        try:
            coarse = LoudnessSolver(chain, candidate.normalized, self.target, probes_unlimited=not is_whole)
            self._solve(coarse, self.renderer.windows)
            fine = LoudnessSolver(chain, coarse.normalized, self.target, starts_afresh=False)
            measured = self._solve(fine, self._all_known)
        except PluginError:
            return None
        normalized = self.renderer.nearest(fine.normalized)
        windows = self.renderer.windows_of(self.renderer.begin(normalized, self.renderer.windows))
        if windows is None:
            return None
        return Candidate(candidate.amount, normalized, windows, self.metrics), measured

    def _solve(self, solver: LoudnessSolver, parts: Sequence[Audio]) -> Measurements:
        """Let `solver` try until it is done; return what its last settings measure. Raises PluginError."""
        start = self.renderer.nearest(solver.normalized)
        before_limiter = [] if self.renderer.proxy is not None else self._tone.render(start, parts)
        while True:
            tried = self.renderer.nearest(solver.normalized)
            if self.renderer.proxy is not None:
                rendered = self.renderer.render(tried, parts)
            else:
                gain = np.float32(db_to_amplitude(self._controls.read(tried)[0] - self._controls.read(start)[0]))
                rendered = [gain * part for part in before_limiter]  # an output gain is nothing else
                if not solver.is_probing:
                    rendered = self._limit(rendered, tried)
            measured = measure(rendered, self.renderer.sample_rate_hz)
            solver.update(measured)
            if solver.is_done:  # a last move of the ceiling scales all of it exactly
                return measured.after_gain(self._controls.read(solver.normalized)[2] - self._controls.read(tried)[2])

    def _limit(self, parts: Sequence[Audio], normalized: NormalizedArray) -> list[Audio]:
        row, rate_hz = normalized[self._split.limiter_controls], self.renderer.sample_rate_hz
        return self.renderer.host.render(self._split.limiter, [RenderInput(part, rate_hz, row) for part in parts])

    def _render_tone(self, amount: float, normalized: NormalizedArray) -> Candidate | None:
        """The windows before the limiter, at the target's loudness; None where a plugin failed.

        Profiles depend on level, because what decays falls below the features' floor.
        """
        try:
            return self._levelled(amount, normalized, self._tone.render(normalized, self.renderer.windows))
        except PluginError:
            return None

    def _levelled(self, amount: float, normalized: NormalizedArray, windows: Sequence[Audio]) -> Candidate:
        loudness_lufs = measure(windows, self.renderer.sample_rate_hz).loudness_lufs
        if loudness_lufs is not None:
            gain = np.float32(db_to_amplitude(self.target.loudness_lufs - loudness_lufs))
            windows = [gain * window for window in windows]
        return Candidate(amount, normalized, tuple(windows), self.metrics)

    @property
    def _all_known(self) -> Sequence[Audio]:
        return self.renderer.everything or self.renderer.windows

    @cached_property
    def _tone(self) -> CandidateRenderer:
        return without_limiter(self.renderer)

    @cached_property
    def _split(self) -> SplitChain:
        return split_at_limiter(self.renderer.chain)

    @cached_property
    def _controls(self) -> LoudnessControls:
        return LoudnessControls.of(self.renderer.chain)
