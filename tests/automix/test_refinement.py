"""Refining through the real plugins: it mends a wrong answer, leaves a right one, and moves nothing that is fixed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.automix.facts import Decision, DecisionKind, Measurements
from bridge.automix.guard.acceptance import GuardDecision
from bridge.automix.guard.metrics import Candidate
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix, StaticAutomix, _is_preferred
from bridge.automix.refinement import Refinement
from bridge.model.bundle import load_model
from bridge.model.predict import Prediction
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput

RATE = 44100
MODEL = Path(__file__).parents[2] / "models" / "channel-strip"
Make = Callable[..., Refinement]


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(load_model(MODEL), host)


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return 0.25 * synthesise("strings", duration_s=6.0, sample_rate_hz=RATE, seed=1)


@pytest.fixture(scope="module")
def make(automix: Automix, audio: np.ndarray, chain: Chain) -> Make:
    """A refinement for a reference 8 dB brighter; `wrong` moves the encoder's answer by real values."""
    hidden = chain.neutral.copy()
    gain = chain.index("high_shelf.gain_db")
    hidden[gain] = chain.controls[gain].normalized(8.0)
    half = audio.shape[1] // 2
    given, other = audio[:, :half], audio[:, half:]
    reference = automix.extract_features([automix.host.render(chain, [RenderInput(other, RATE, hidden)])[0]], RATE)

    def build(wrong: dict[str, float] | None = None, free: np.ndarray | None = None) -> Refinement:
        job = AutomixJob([given], RATE, chain.neutral, free=free, reference=reference)
        prediction = automix.predict(job)
        normalized, confidence = prediction.normalized.copy(), prediction.confidence.copy()
        for label, value in (wrong or {}).items():
            index = chain.index(label)
            normalized[index], confidence[index] = chain.controls[index].normalized(value), 0.3
        prediction = Prediction(normalized, confidence, prediction.target)
        static = StaticAutomix(automix.model, automix.host, job)
        renderer = static.renderer()
        return static.refinement(renderer, static.guard(renderer, prediction).metrics, prediction)

    return build


def test_a_wrong_answer_is_mended_and_believed(make: Make, chain: Chain) -> None:
    gain = chain.index("output.gain_db")
    refinement = make({"output.gain_db": 9.0})
    refined = refinement.run(60.0, limit_candidates=120)
    answers = (refinement.prediction.normalized, refined.normalized)
    wrong, mended = (abs(chain.controls[gain].real_value(float(answer[gain]))) for answer in answers)
    assert refined.pays
    assert mended < 0.5 * wrong


def test_the_same_seed_finds_the_same(make: Make) -> None:
    first, second = (make().run(60.0, limit_candidates=40, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.normalized, second.normalized)


def test_settings_stay_within_bounds_and_fixed_ones_where_they_are(make: Make, chain: Chain) -> None:
    free = np.ones(len(chain.neutral), bool)
    free[3:9] = False
    refined = make(free=free).run(60.0, limit_candidates=40)
    low, high = chain.bounds
    np.testing.assert_array_equal(refined.normalized[3:9], chain.neutral[3:9])
    assert ((refined.normalized >= low) & (refined.normalized <= high)).all()


def test_time_is_kept(make: Make) -> None:
    told: list[float] = []
    refined = make().run(0.0, progress=told.append)
    assert refined.candidates <= 1 + 12 + 3, "the first ones, the start, and the two ends"
    assert not refined.pays and not told


def test_a_plugin_that_fails_is_no_candidate_and_at_the_start_the_end(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other render fails, then all of them."""
    refinement, render_windows = make(), CandidateRenderer.render_windows

    def without_odd(renderer: CandidateRenderer, rows: list[np.ndarray]) -> Iterator[tuple[np.ndarray, ...] | None]:
        return (part if index % 2 == 0 else None for index, part in enumerate(render_windows(renderer, rows)))

    monkeypatch.setattr(CandidateRenderer, "render_windows", without_odd)
    assert np.isfinite(refinement.run(60.0, limit_candidates=40).normalized).all()
    monkeypatch.setattr(CandidateRenderer, "render_windows", lambda _, rows: iter([None] * len(rows)))
    refined = refinement.run(60.0, limit_candidates=40)
    np.testing.assert_allclose(refined.normalized, refinement.prediction.normalized, atol=1e-6)
    assert not refined.pays


def test_a_refined_answer_is_taken_only_where_it_was_accepted_as_far_and_as_near(
    automix: Automix, chain: Chain
) -> None:
    nothing = Measurements(None, None, None)
    take = Candidate(1.0, chain.neutral, (), None)  # type: ignore[arg-type]

    def accepted(amount: float, after_db: float = 1.0) -> GuardDecision:
        decision = Decision(kind=DecisionKind.IMPROVED, after_db=after_db)
        return GuardDecision(decision, nothing, nothing, replace(take, amount=amount))

    full, partial = accepted(1.0), accepted(0.4)
    refused = GuardDecision(Decision(kind=DecisionKind.NOT_CLOSER), nothing, nothing)
    assert _is_preferred(full, partial) and not _is_preferred(partial, full)
    assert _is_preferred(full, refused) and not _is_preferred(refused, full)
    assert _is_preferred(full, accepted(1.0, 1.1)) and not _is_preferred(accepted(1.0, 1.1), full)
