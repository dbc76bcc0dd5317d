"""The one entry to an auto-mix: `Automix.run` gives one type of result for models of either kind.

It owns one loaded model and borrows a plugin host; the command line, the daemon and evaluation use it alike. It knows
no file format and no REAPER.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import msgspec
import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.audio.silence import is_silent, sounding_s
from bridge.automix.automation.pipeline import automate
from bridge.automix.explanations.controls import explain_changes
from bridge.automix.facts import Decision, DecisionKind, Measurements, ProposalOrigin, SearchOutcome
from bridge.automix.guard.acceptance import Acceptance, GuardDecision
from bridge.automix.guard.decision import Guard
from bridge.automix.guard.loudness_guard import LoudnessGuard, without_limiter
from bridge.automix.guard.metrics import (
    Candidate,
    CandidateMetrics,
    ceiling_dbtp,
    highest_true_peak_dbtp,
    overshoot_db,
)
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import AutomixJob, AutomixResult, LoudnessTarget, Progress, no_progress, unjudged
from bridge.automix.loudness_solver import LoudnessControls, loudness_target
from bridge.automix.objective import Objective, prediction_objective, reference_objective
from bridge.automix.proposals import Proposal, ProposalMaker
from bridge.automix.refinement import Refinement
from bridge.automix.sound_length import LEAST_ONE_SHOT_S, SoundLength, reference_for_one_shot, use_for_one_shot
from bridge.automix.tone_match.responses import ResponseStore
from bridge.errors import ModelError
from bridge.features.profile import SoundFeatures
from bridge.features.windows import choose_excerpts, cut_excerpts
from bridge.model.bundle import AutomationModel, Model, StaticModel, UntrainedModel
from bridge.model.predict import Prediction, Predictor
from bridge.plugins.host.host import PluginHost
from bridge.types import Audio, NormalizedArray

GUARD_WINDOW_S = 3.0
GUARD_WINDOWS = 4
PEAK_WINDOW_S = 6.0


@dataclass(frozen=True)
class Automix:
    """A model and the plugins to render it through. Thread-safe as far as the host is."""

    model: Model
    host: PluginHost
    responses: ResponseStore = field(default_factory=ResponseStore, repr=False, compare=False)

    def run(self, job: AutomixJob, *, progress: Progress = no_progress) -> AutomixResult:
        """Return new settings for the track, or the user's own with the decision why they stay.

        Raises AudioError for a foreign sample rate, PluginError when the user's own settings cannot be rendered.
        """
        if isinstance(self.model, AutomationModel):
            if job.is_part and (refusal := SoundLength.of(job).refusal) is not None:
                return unjudged(job, refusal)
            return automate(self.model, self.host, job, progress=progress)
        return StaticAutomix(self._static_model, self.host, job, self.responses).run(progress)

    def extract_features(self, excerpts: Sequence[Audio], sample_rate_hz: int) -> SoundFeatures:
        """Return a sound as a reference for `AutomixJob` (or a style).

        Args:
            excerpts: float32 (channels, samples) each.
            sample_rate_hz: of all of them.

        Raises ModelError when it is silent or sounds for less than half a second, or where the model knows no
        reference; AudioError for a foreign rate.
        """
        # A recording of nothing may have an offset, which nobody hears.
        if not _sounds([excerpt - excerpt.mean(axis=-1, keepdims=True) for excerpt in excerpts if excerpt.size]):
            raise ModelError("The reference is silent: there is nothing to sound like. Give a part that plays.")
        if (sound_s := sounding_s(excerpts, sample_rate_hz)) < LEAST_ONE_SHOT_S:
            raise ModelError(
                f"The reference holds {sound_s:.2f} s of sound, too little to sound like. Give at least "
                f"{LEAST_ONE_SHOT_S:g} s of it."
            )
        features = Predictor(self._static_model).extract_features(excerpts, sample_rate_hz)
        if len({len(excerpt) for excerpt in excerpts}) > 1:  # mono and stereo files of a style: no one loudness
            return features
        return replace(features, loudness_lufs=loudness_lufs(np.concatenate(excerpts, axis=1), sample_rate_hz))

    def predict(self, job: AutomixJob) -> Prediction:
        """Return what the encoder predicts for a job, before any guard."""
        predictor = Predictor(self._static_model)
        return predictor.predict(predictor.extract_features(job.excerpts, job.sample_rate_hz), job.reference)

    def verify(self, job: AutomixJob, before: Sequence[Audio], after: Sequence[Audio]) -> GuardDecision:
        """Return whether what is really heard of a track improved, by the measure that its settings were chosen by.

        Args:
            job: the one that the settings came from.
            before, after: the track with its old and its new settings, at the same times, (channels, samples) each.

        Raises ModelError for a model whose settings move in time.
        """
        return StaticAutomix(self._static_model, self.host, job).verify(before, after)

    def loudness_target(self, job: AutomixJob) -> LoudnessTarget | None:
        """Return the loudness and true peak that `job` is brought to; None for a model without such targets."""
        return StaticAutomix(self.model, self.host, job).target if isinstance(self.model, StaticModel) else None

    @property
    def _static_model(self) -> StaticModel:
        if not isinstance(self.model, StaticModel):
            raise ModelError(
                f"The settings of the model {self.model.name} move in time; it knows no reference and no style. "
                "Leave them out, or name another model."
            )
        return self.model


@dataclass(frozen=True)
class StaticAutomix:
    """One job for a model with one setting for all of a sound: predict, let the guard decide, explain."""

    model: StaticModel
    host: PluginHost
    job: AutomixJob
    responses: ResponseStore = field(default_factory=ResponseStore, repr=False, compare=False)

    def run(self, progress: Progress) -> AutomixResult:
        """See `Automix.run`."""
        job, current = self.job, np.asarray(self.job.current, dtype=np.float32)
        if not _sounds(job.excerpts):
            return unjudged(job, Decision(kind=DecisionKind.SILENT))
        if (refusal := self.length.refusal) is not None and (job.is_part or self.target is None):
            return unjudged(job, refusal)
        progress(0.0, "listening")
        renderer = self.renderer()
        # The plugins work while the encoder does. A loudness guard renders the chain in parts, and begins by itself.
        begun = None if self.target is not None else renderer.begin_current(current)
        predictor = Predictor(self.model)
        sound = predictor.extract_features(job.excerpts, job.sample_rate_hz)
        prediction = predictor.predict(sound, job.reference)
        progress(0.3, "trying the settings")
        guard = self.guard(renderer, prediction)
        if isinstance(guard, Guard):
            guard = replace(guard, begun=begun)
        tonal = self._search_renderer(renderer)
        heard = begun if tonal is renderer else tonal.begin_current(current)
        maker = ProposalMaker(self.model, self.host, self.responses, loudness_counts=self.target is None)
        if isinstance(self.model, UntrainedModel):
            proposals = maker.searched(job, sound, guard.metrics, tonal, progress)
        else:
            proposals = maker.proposals(job, sound, prediction, tonal, heard)
        result, tried = self._decided(guard, current, proposals)
        guard = _judging(guard, tried)
        result, prediction = self._refined(guard, result, tried, progress), tried.prediction
        progress(1.0, "done")
        accepted, (nearest_db, familiar_db) = result.accepted, maker.familiarity_db(sound)
        return AutomixResult(
            decision=msgspec.structs.replace(result.decision, nearest_db=nearest_db, familiar_db=familiar_db),
            normalized=accepted.normalized if accepted else current,
            before_normalized=current,
            confidence=prediction.confidence,
            amount=accepted.amount if accepted else 0.0,
            measures_before=result.before,
            measures_after=result.after,
            explanations=explain_changes(
                self._search_renderer(renderer), guard.metrics, result, current, has_reference=job.reference is not None
            ),
        )

    def verify(self, before: Sequence[Audio], after: Sequence[Audio]) -> GuardDecision:
        """See `Automix.verify`."""
        job, current, predictor = self.job, np.asarray(self.job.current, dtype=np.float32), Predictor(self.model)
        sound = predictor.extract_features(job.excerpts, job.sample_rate_hz)
        metrics = self._metrics(predictor.predict(sound, job.reference), self.renderer().windows)
        # The windows are those in which the loudest of the two is.
        both = [np.concatenate(pair) for pair in zip(before, after, strict=True)]
        windows = choose_excerpts(both, job.sample_rate_hz, window_s=GUARD_WINDOW_S, count=GUARD_WINDOWS)
        old, new = (
            Candidate(amount, current, tuple(np.split(window, 2)[place] for window in windows), metrics)
            for place, amount in enumerate((0.0, 1.0))
        )
        peak_dbtp = highest_true_peak_dbtp(after, job.sample_rate_hz)
        share = job.amount_percent / 100 * float(np.mean(job.free_mask))
        return Acceptance(metrics, job.headroom_db).decide(
            new, old, share, lambda heard, _: (heard, -np.inf if peak_dbtp is None else peak_dbtp)
        )

    @cached_property
    def length(self) -> SoundLength:
        """How much sound there is to judge by."""
        return SoundLength.of(self.job)

    def renderer(self) -> CandidateRenderer:
        """Return what renders candidates for the job."""
        job = self.job
        return CandidateRenderer(
            host=self.host,
            chain=self.model.chain,
            windows=choose_excerpts(job.excerpts, job.sample_rate_hz, window_s=GUARD_WINDOW_S, count=GUARD_WINDOWS),
            sample_rate_hz=job.sample_rate_hz,
            everything=cut_excerpts(job.excerpts, job.sample_rate_hz, window_s=PEAK_WINDOW_S),
            proxy=job.proxy,
            realizable=job.realizable,
            is_dry=job.is_dry,
        )

    def guard(self, renderer: CandidateRenderer, prediction: Prediction) -> Guard | LoudnessGuard:
        """Return what decides on settings for the job."""
        metrics = self._metrics(prediction, renderer.windows)
        if (target := self.target) is not None:
            return LoudnessGuard(renderer, metrics, self.job.free_mask, target)
        return Guard(renderer, metrics, self.job.free_mask, self.job.headroom_db)

    def _metrics(self, prediction: Prediction, windows: Sequence[Audio]) -> CandidateMetrics:
        objective = self._objective(prediction, windows)
        return CandidateMetrics(self.model.manifest.features, self.job.sample_rate_hz, objective)

    @property
    def can_search(self) -> bool:
        """Whether `refine_s` does anything. What well-recorded material of a kind sounds like is known too roughly to
        be searched for: the search would follow the target's errors, and did (`models/LOG.md`)."""
        return self.job.reference is not None or self.model.reference_profiles is None

    @property
    def target(self) -> LoudnessTarget | None:
        """The loudness and true peak to reach: the job's, else the reference's loudness, else the model's. None where
        the model has no such targets, or may not move what reaches them."""
        job = self.job
        reference_lufs = None if job.reference is None else job.reference.loudness_lufs
        target = job.target or loudness_target(self.model.manifest.use, reference_lufs)
        if target is None or job.free is None:
            return target
        return target if job.free[LoudnessControls.of(self.model.chain).indices].all() else None

    def refinement(self, renderer: CandidateRenderer, metrics: CandidateMetrics, prediction: Prediction) -> Refinement:
        """Return the search for better settings than `prediction`."""
        free = self.job.free_mask
        if self.target is not None:
            free[LoudnessControls.of(self.model.chain).indices] = False  # found by the guard
        current = np.asarray(self.job.current, dtype=np.float32)
        return Refinement(
            self.model, self._search_renderer(renderer), metrics, self.job.reference, prediction, current, free
        )

    def _decided(
        self, guard: Guard | LoudnessGuard, current: NormalizedArray, proposals: Sequence[Proposal]
    ) -> tuple[GuardDecision, Proposal]:
        """The decision on the first of `proposals` that is accepted, else on the first; that a track lies within the
        range of its role says more."""
        decided = []
        for proposal in proposals:
            judge = _judging(guard, proposal)
            result = judge.decide(current, proposal.prediction.normalized, self.job.amount_percent / 100)
            role = (proposal.objective and proposal.objective.range and proposal.objective.range.role) or ""
            decision = msgspec.structs.replace(result.decision, origin=proposal.origin, role=role)
            decided.append((replace(result, decision=decision), proposal))
            is_final = decision.kind is DecisionKind.WITHIN_RANGE and bool(role)
            if result.accepted is not None or is_final:
                return decided[-1]
        return decided[0]

    def _refined(
        self, guard: Guard | LoudnessGuard, result: GuardDecision, tried: Proposal, progress: Progress
    ) -> GuardDecision:
        """`result`, or the decision on what a search from what was `tried` finds, where that was accepted too.

        A tone match is the best fit already: all that a search could add to it are the errors of what it is fitted to.
        """
        job = self.job
        if job.refine_s <= 0:
            return result
        search = SearchOutcome.NO_GAIN if self.can_search else SearchOutcome.NEEDS_REFERENCE
        search = SearchOutcome.FITTED_ALREADY if tried.origin is ProposalOrigin.TONE_MATCH else search
        if self.can_search and tried.origin is ProposalOrigin.ENCODER:
            refinement = self.refinement(guard.renderer, guard.metrics, tried.prediction)
            found = refinement.run(job.refine_s, progress=lambda share: progress(0.3 + 0.6 * share, "refining"))
            if found.pays:
                refined = guard.decide(refinement.current, found.normalized, job.amount_percent / 100)
                if _is_preferred(refined, result):
                    result, search = refined, SearchOutcome.ADOPTED
        return replace(result, decision=msgspec.structs.replace(result.decision, search=search))

    def _search_renderer(self, renderer: CandidateRenderer) -> CandidateRenderer:
        """What searches and explanations render: the tone alone, where a loudness guard sets the limiter."""
        return renderer if self.target is None else without_limiter(renderer)

    def _reference_lufs(self, windows: Sequence[Audio]) -> float | None:
        """The loudness of the reference as it compares with windows of the track: they are what of it plays most, and
        louder than all that is known of it."""
        assert self.job.reference is not None
        reference_lufs, rate_hz = self.job.reference.loudness_lufs, self.job.sample_rate_hz
        known, chosen = (
            loudness_lufs(np.concatenate(parts, axis=1), rate_hz) for parts in (self.job.excerpts, windows)
        )
        if reference_lufs is None or known is None or chosen is None:
            return reference_lufs
        return reference_lufs + chosen - known

    def _objective(self, prediction: Prediction, windows: Sequence[Audio]) -> Objective:
        features, settings = self.model.manifest.features, self.model.manifest.use
        if self.job.reference is not None:
            objective = reference_objective(
                self.job.reference.profile,
                features,
                loudness_counts=self.target is None,
                reference_lufs=self._reference_lufs(windows),
            )
            return reference_for_one_shot(objective) if self.length.is_one_shot else objective
        if self.length.is_one_shot:
            settings = use_for_one_shot(settings)
        loudness_counts = not settings.keeps_loudness and settings.loudness_lufs is None
        return prediction_objective(
            prediction.target, features, self.model.reference_profiles, settings, loudness_counts=loudness_counts
        )


def reverted_for_clipping(result: AutomixResult, before: Measurements, after: Measurements) -> AutomixResult:
    """Return the user's own settings in the place of `result`, whose render of the whole sound measured `after`."""
    clipping = Decision(
        kind=DecisionKind.WOULD_CLIP,
        true_peak_dbtp=ceiling_dbtp(before) + overshoot_db(before, after),
        ceiling_dbtp=ceiling_dbtp(before),
        search=result.decision.search,
    )
    return replace(result, decision=clipping, normalized=result.before_normalized, amount=0.0)


def _is_preferred(first: GuardDecision, second: GuardDecision) -> bool:
    """Whether the first was accepted at no smaller an amount, and lies no farther from the objective."""
    if first.accepted is None or second.accepted is None:
        return first.accepted is not None
    is_as_near = first.decision.after_db <= second.decision.after_db
    return is_as_near and first.accepted.amount >= second.accepted.amount


def _judging(guard: Guard | LoudnessGuard, proposal: Proposal) -> Guard | LoudnessGuard:
    """`guard` by the objective that a proposal is to be measured against."""
    if proposal.objective is None:
        return guard
    return replace(guard, metrics=replace(guard.metrics, objective=proposal.objective))


def _sounds(excerpts: Sequence[Audio]) -> bool:
    return not all(map(is_silent, excerpts))
