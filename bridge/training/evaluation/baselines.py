"""What is judged: the model, and all that it must beat. Each has a name and makes of a case what it can.

Those that search get as many renders of a window as the model needed for the same case, its guard included, or a
number that the caller names; none of them is told the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.decibels import db_to_amplitude
from bridge.model.predict import Predictor
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, Render
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.match_eq import match_eq
from bridge.training.evaluation.mean_target import MeanTarget, MeanTargets
from bridge.training.evaluation.method import Method, MethodResult
from bridge.training.evaluation.search_baselines import SearchMethod, cma_search, random_search
from bridge.types import Audio

LOUDNESS_PASSES = 6  # a limiter takes loudness away; the gain before it is corrected so often
_HIGHEST_GAIN_DB = 40.0
_LIMITED = Chain(
    name="gain-and-limiter",
    slots=(
        Slot(
            name="gain",
            plugin="builtin:Gain",
            controls=(Control(slot="gain", name="gain_db", unit="dB", law=RangeLaw(low=-80.0, high=60.0)),),
        ),
        Slot(name="limiter", plugin="builtin:BrickwallLimiter", fixed={"ceiling_db": -0.3}),
    ),
)


@dataclass(frozen=True)
class ModelMethod:
    """The model as people use it: encoder, search for `refine_s` seconds, and the guard."""

    automix: Automix
    refine_s: float = 0.0
    name: str = "model"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        before = self.automix.host.render_count
        rate, chain = case.sample_rate_hz, self.automix.bundle.chain
        reference = None if case.reference is None else self.automix.hear([case.reference], rate)
        task = AutomixJob([case.given], rate, chain.neutral, reference=reference, refine_s=self.refine_s)
        outcome = self.automix.run(task)
        renders = self.automix.host.render_count - before
        predictor = Predictor(self.automix.bundle)
        answer = predictor.predict(predictor.hear([case.given], rate), reference)
        audio = case.given
        if outcome.applied:  # a refused job leaves the track as it is, with no plugin in its way
            audio = self.automix.host.render(chain, [Render(case.given, rate, outcome.settings)])[0]
        return MethodResult(audio, outcome.settings, outcome.applied, answer, renders)


@dataclass(frozen=True)
class DoNothing:
    """The sound as it was."""

    name: str = "nothing"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        return MethodResult(case.given, applied=False)


@dataclass(frozen=True)
class GainMatch:
    """The loudness of the target, where level counts."""

    targets: MeanTargets
    name: str = "gain match"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        missing_db = _missing_db(case, self.targets.of(case), case.given) if case.level_counts else None
        if missing_db is None:
            return None
        return MethodResult(np.asarray(case.given * db_to_amplitude(missing_db), dtype=np.float32))


@dataclass(frozen=True)
class MatchEqMethod:
    """The long-term spectrum of the target."""

    targets: MeanTargets
    name: str = "match EQ"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        target = self.targets.of(case)
        return None if target is None else MethodResult(match_eq(case.given, target.spectrum_db))


@dataclass(frozen=True)
class GainAndLimiter:
    """The loudness of the target through a brickwall limiter: what a mastering must beat."""

    targets: MeanTargets
    host: PluginHost
    name: str = "gain + limiter"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        target = self.targets.of(case)
        has_level = case.level_counts or case.reference is not None
        gain_db, made = 0.0, case.given
        for turn in range(LOUDNESS_PASSES):
            missing_db = _missing_db(case, target, made) if has_level else None
            if missing_db is None:
                return None if turn == 0 else MethodResult(made, renders=turn)
            gain_db = min(_HIGHEST_GAIN_DB, gain_db + missing_db)
            settings = np.array([_LIMITED.controls[0].normalized(gain_db)], dtype=np.float32)
            made = self.host.render(_LIMITED, [Render(case.given, case.sample_rate_hz, settings)])[0]
        return MethodResult(made, renders=LOUDNESS_PASSES)


def baselines(automix: Automix, cases: Sequence[EvaluationCase], *, seed: int) -> list[Method]:
    """All that a model must beat on `cases` of one use."""
    targets = MeanTargets(cases, automix.bundle.manifest.features)
    return [
        DoNothing(),
        GainMatch(targets),
        MatchEqMethod(targets),
        GainAndLimiter(targets, automix.host),
        SearchMethod("random search", random_search, targets, automix, seed),
        SearchMethod("CMA-ES", cma_search, targets, automix, seed),
    ]


def _missing_db(case: EvaluationCase, target: MeanTarget | None, made: Audio) -> float | None:
    """How much louder `made` must become; None where the target or it has no loudness."""
    own = loudness_lufs(made, case.sample_rate_hz)
    if target is None or target.loudness_lufs is None or own is None:
        return None
    return target.loudness_lufs - own
