"""The main job on one track: listen, predict, let the guard judge, answer.

One `Automix` owns one loaded model and borrows a plugin host; the command line and the daemon use it alike.
It knows no file format and no REAPER.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.audio.silence import is_silent
from bridge.automix.explanations.text import explain_changes
from bridge.automix.guard.guard import Guard, GuardDecision
from bridge.automix.guard.loudness_guard import LoudnessGuard
from bridge.automix.job import AutomixJob, AutomixResult, LoudnessTarget, Measurements, ProxyChain
from bridge.automix.loudness_solver import LoudnessControls, loudness_target
from bridge.automix.objective import Objective, prediction_objective, reference_objective
from bridge.automix.refinement import Refinement, RefinementResult
from bridge.errors import ModelError
from bridge.features.profile import SoundFeatures
from bridge.features.windows import choose_windows, cut_windows
from bridge.model.bundle import ModelBundle
from bridge.model.predict import Prediction, Predictor
from bridge.plugins.host.host import PluginHost, Render
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Float32

Progress = Callable[[float, str], None]

GUARD_WINDOW_S = 3.0
GUARD_WINDOWS = 4
PEAK_WINDOW_S = 6.0
NOT_SEARCHED = " Not refined: a search needs a reference to go by."


@dataclass(frozen=True)
class Automix:
    """A model and the plugins to hear it through. Thread-safe as far as the host is."""

    bundle: ModelBundle
    host: PluginHost

    def hear(self, excerpts: Sequence[Float32], sample_rate_hz: int) -> SoundFeatures:
        """A sound as a reference for `AutomixJob` (or a style). ModelError when it is silent."""
        if not _sounds(excerpts):
            raise ModelError("The reference is silent: there is nothing to sound like. Give a part that plays.")
        heard = Predictor(self.bundle).hear(excerpts, sample_rate_hz)
        if len({len(excerpt) for excerpt in excerpts}) > 1:  # mono and stereo files of a style: no one loudness
            return heard
        return replace(heard, loudness_lufs=loudness_lufs(np.concatenate(excerpts, axis=1), sample_rate_hz))

    def run(self, task: AutomixJob, *, progress: Progress = lambda _share, _step: None) -> AutomixResult:
        """Settings for the track, or the user's own with the reason why they stand.

        Raises AudioError for a foreign sample rate, PluginError when the user's own settings cannot be rendered.
        """
        current = np.asarray(task.current, dtype=np.float32)
        if not _sounds(task.excerpts):
            return self._silent(current)
        progress(0.0, "listening")
        begun = self._begin(task, current)  # the plugins work while the encoder listens
        predictor = Predictor(self.bundle)
        sound = predictor.hear(task.excerpts, task.sample_rate_hz)
        prediction = predictor.predict(sound, task.reference)
        progress(0.3, "trying the settings")
        guard = self.guard(task, prediction, begun)
        amount = task.amount_percent / 100
        verdict = guard.judge(current, prediction.settings, amount)
        if task.refine_s > 0 and not self.can_search(task):
            verdict = replace(verdict, reason=verdict.reason + NOT_SEARCHED)
        elif task.refine_s > 0:
            refined = self._refined(task, guard, prediction, progress)
            if refined.pays:
                verdict = _preferred(guard.judge(current, refined.settings, amount), verdict)
        progress(1.0, "done")
        accepted = verdict.accepted
        return AutomixResult(
            applied=accepted is not None,
            reason=verdict.reason,
            settings=accepted.settings if accepted else current,
            before_settings=current,
            confidence=prediction.confidence,
            amount=accepted.amount if accepted else 0.0,
            measures_before=verdict.before,
            measures_after=verdict.after,
            reasons=explain_changes(guard, verdict, current, has_reference=task.reference is not None),
        )

    def guard(self, task: AutomixJob, prediction: Prediction, begun: _Begun | None = None) -> Guard:
        """The judge of settings for `task`; also what a search measures its candidates by."""
        free = np.ones(len(task.current), dtype=bool) if task.free is None else task.free
        judge: Callable[..., Guard] = Guard
        if (target := self.target(task)) is not None:
            judge = partial(LoudnessGuard, target=target)
        return judge(
            host=self.host,
            chain=self.bundle.chain,
            features=self.bundle.manifest.features,
            windows=_windows(task) if begun is None else begun.windows,
            everything=cut_windows(task.excerpts, task.sample_rate_hz, window_s=PEAK_WINDOW_S),
            headroom_db=task.headroom_db,
            sample_rate_hz=task.sample_rate_hz,
            aim=self._aim(task, prediction),
            free=free,
            realizable=task.realizable,
            judged=task.judged,
            begun=None if begun is None else begun.renders,
        )

    def _begin(self, task: AutomixJob, current: Float32) -> _Begun:
        """Begin to render what the guard hears of the track with the user's settings."""
        windows = _windows(task)
        if self.target(task) is not None:
            return _Begun(windows, None)  # such a guard hears the chain in parts
        judged = task.judged or ProxyChain(self.bundle.chain, lambda own: own)
        row = judged.settings(current)
        return _Begun(windows, self.host.begin(judged.chain, [Render(w, task.sample_rate_hz, row) for w in windows]))

    def can_search(self, task: AutomixJob) -> bool:
        """Whether `refine_s` does anything for `task`. What well-recorded material of a kind sounds like is known too
        roughly to be searched for: the search would follow the target's errors, and did (`models/LOG.md`)."""
        return task.reference is not None or self.bundle.bank is None

    def target(self, task: AutomixJob) -> LoudnessTarget | None:
        """The loudness and true peak to reach: the task's, else the reference's loudness, else the model's. None where
        the model has no such targets, or may not move what reaches them."""
        heard_lufs = None if task.reference is None else task.reference.loudness_lufs
        target = task.target or loudness_target(self.bundle.manifest.job, heard_lufs)
        if target is None or task.free is None:
            return target
        return target if task.free[LoudnessControls.of(self.bundle.chain).places].all() else None

    def _aim(self, task: AutomixJob, prediction: Prediction) -> Objective:
        features = self.bundle.manifest.features
        if task.reference is not None:
            is_levelled = self.target(task) is not None
            return reference_objective(task.reference.profile, features, level_counts=not is_levelled)
        job = self.bundle.manifest.job
        level_counts = not job.keeps_loudness and job.loudness_lufs is None
        return prediction_objective(prediction.target, features, self.bundle.bank, job, level_counts=level_counts)

    def _refined(self, task: AutomixJob, guard: Guard, prediction: Prediction, progress: Progress) -> RefinementResult:
        """Search from the prediction, by the guard's ears."""
        free = np.ones(len(task.current), dtype=bool) if task.free is None else task.free.copy()
        if self.target(task) is not None:
            free[LoudnessControls.of(self.bundle.chain).places] = False  # found by the guard
        current = np.asarray(task.current, dtype=np.float32)
        refinement = Refinement(self.bundle, guard, task.reference, prediction, current, free)
        return refinement.run(task.refine_s, progress=lambda share: progress(0.3 + 0.6 * share, "refining"))

    def _silent(self, current: Float32) -> AutomixResult:
        nothing = Measurements(None, None, None)
        return AutomixResult(
            applied=False,
            reason="Left as it is: the track is silent here.",
            settings=current,
            before_settings=current,
            confidence=np.zeros(len(current), dtype=np.float32),
            amount=0.0,
            measures_before=nothing,
            measures_after=nothing,
        )


@dataclass(frozen=True)
class _Begun:
    """What the guard hears of a track, and its renders with the user's settings, if they were begun."""

    windows: list[Float32]
    renders: RenderBatch | None


def _windows(task: AutomixJob) -> list[Float32]:
    return choose_windows(task.excerpts, task.sample_rate_hz, window_s=GUARD_WINDOW_S, count=GUARD_WINDOWS)


def _preferred(first: GuardDecision, second: GuardDecision) -> GuardDecision:
    """The first where it was accepted at no smaller an amount; else the second."""
    if first.accepted is None or (second.accepted is not None and second.accepted.amount > first.accepted.amount):
        return second
    return first


def _sounds(excerpts: Sequence[Float32]) -> bool:
    return not all(map(is_silent, excerpts))
