"""What a model must beat. Each baseline has a name and makes of a case what it can.

Those that search get as many renders of a window as the model needed for the same case, its guard included, or a
number that the caller names. None of them knows the truth, but for those that automation must beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.automix.pipeline import Automix
from bridge.decibels import db_to_amplitude
from bridge.model.bundle import neutral_positions, positions_to_normalized
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.match_eq import match_eq
from bridge.training.evaluation.mean_target import MeanTarget, MeanTargets
from bridge.training.evaluation.method import Method, MethodResult
from bridge.training.evaluation.metrics import frame_distance_db, gain_to_match
from bridge.training.evaluation.search_baselines import SearchMethod, cma_search, random_search
from bridge.training.evaluation.shrunk_match_eq import filtered, four_bands, shrunk_curve
from bridge.types import Audio

LOUDNESS_PASSES = 6  # a limiter takes loudness away; the gain before it is corrected so often
STATIC_STEPS = 9  # places tried of each control that moves
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


def baselines(automix: Automix, cases: Sequence[EvaluationCase], *, seed: int) -> list[Method]:
    """All that a model of one setting must beat on `cases` of one use."""
    targets = MeanTargets(cases, automix.model.manifest.features)
    return [
        DoNothing(),
        GainMatch(targets),
        MatchEqMethod(targets),
        ShrunkMatchEq(),
        FourBands(),
        GainAndLimiter(targets, automix.host),
        SearchMethod("random search", random_search, targets, automix, seed),
        SearchMethod("CMA-ES", cma_search, targets, automix, seed),
    ]


def automation_baselines(chain: Chain, host: PluginHost) -> list[Method]:
    """All that a model whose settings move must beat: the best, knowing the truth, of what stands still."""
    return [DoNothing(), TrueGain(), BestStaticSettings(chain, host)]


@dataclass(frozen=True)
class DoNothing:
    """The sound as it was."""

    name: str = "nothing"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        return MethodResult(case.given, is_applied=False)


@dataclass(frozen=True)
class GainMatch:
    """The loudness of the target, where loudness counts."""

    targets: MeanTargets
    name: str = "gain match"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        missing_db = _missing_db(case, self.targets.of(case), case.given) if case.loudness_counts else None
        return None if missing_db is None else MethodResult(case.given * np.float32(db_to_amplitude(missing_db)))


@dataclass(frozen=True)
class TrueGain:
    """The loudness of the truth."""

    name: str = "gain match"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        return MethodResult(gain_to_match(case.given, case.truth, case.sample_rate_hz) * case.given)


@dataclass(frozen=True)
class MatchEqMethod:
    """The long-term spectrum of the target."""

    targets: MeanTargets
    name: str = "match EQ"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        target = self.targets.of(case)
        return None if target is None else MethodResult(match_eq(case.given, target.spectrum_db))


@dataclass(frozen=True)
class ShrunkMatchEq:
    """The tone of the reference, as far as it is sure."""

    name: str = "shrunk match EQ"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        if case.reference is None:
            return None
        curve = shrunk_curve(case.given, case.reference, case.sample_rate_hz)
        return MethodResult(filtered(case.given, curve, case.sample_rate_hz))


@dataclass(frozen=True)
class FourBands:
    """The same by four bands of an equaliser."""

    name: str = "four bands"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        if case.reference is None:
            return None
        curve = shrunk_curve(case.given, case.reference, case.sample_rate_hz)
        return MethodResult(four_bands(case.given, curve, case.sample_rate_hz))


@dataclass(frozen=True)
class GainAndLimiter:
    """The loudness of the target through a brickwall limiter: what a mastering must beat."""

    targets: MeanTargets
    host: PluginHost
    name: str = "gain + limiter"

    def run(self, case: EvaluationCase, budget: int) -> MethodResult | None:  # noqa: ARG002
        target = self.targets.of(case)
        has_loudness = case.loudness_counts or case.reference is not None
        gain_db, audio = 0.0, case.given
        for renders in range(LOUDNESS_PASSES):
            missing_db = _missing_db(case, target, audio) if has_loudness else None
            if missing_db is None:
                return None if renders == 0 else MethodResult(audio, renders=renders)
            gain_db = min(_HIGHEST_GAIN_DB, gain_db + missing_db)
            normalized = np.array([_LIMITED.controls[0].normalized(gain_db)], dtype=np.float32)
            audio = self.host.render(_LIMITED, [RenderInput(case.given, case.sample_rate_hz, normalized)])[0]
        return MethodResult(audio, renders=LOUDNESS_PASSES)


@dataclass(frozen=True)
class BestStaticSettings:
    """The settings, one for all of a case, that come closest to the truth: each control by itself, from rest to the
    end of its range."""

    chain: Chain
    host: PluginHost
    name: str = "best standing"  # as scores that were recorded call it

    def run(self, case: EvaluationCase, budget: int) -> MethodResult:  # noqa: ARG002
        if case.given is case.truth:  # nothing to come closer to
            return MethodResult(case.given, is_applied=False)
        neutral = neutral_positions(self.chain)
        rows = [neutral]
        for control, rest in enumerate(neutral):
            end = 0.0 if rest > 0.5 else 1.0
            for position in np.linspace(rest, end, STATIC_STEPS + 1)[1:]:
                rows.append(neutral.copy())
                rows[-1][control] = position
        normalized = positions_to_normalized(self.chain, np.stack(rows))
        rate = case.sample_rate_hz
        renders = self.host.render(self.chain, [RenderInput(case.given, rate, row) for row in normalized])
        distance_db = partial(frame_distance_db, truth=case.truth, sample_rate_hz=rate, pauses_count=case.pauses_count)
        best = int(np.argmin([distance_db(audio) for audio in renders]))
        return MethodResult(renders[best], normalized[best], renders=len(rows))


def _missing_db(case: EvaluationCase, target: MeanTarget | None, audio: Audio) -> float | None:
    """How much louder `audio` must become; None where the target or it has no loudness."""
    own = loudness_lufs(audio, case.sample_rate_hz)
    if target is None or target.loudness_lufs is None or own is None:
        return None
    return target.loudness_lufs - own
