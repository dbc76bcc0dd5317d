"""Refining through the real plugins: it mends a wrong answer, leaves a right one, and moves nothing that is fixed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.automix.candidate import Candidate
from bridge.automix.guard.guard import GuardDecision
from bridge.automix.job import AutomixJob, Measurements
from bridge.automix.pipeline import Automix, _preferred
from bridge.automix.refinement import Refinement
from bridge.features.profile import SoundFeatures
from bridge.model.bundle import load_bundle
from bridge.model.predict import Prediction, Predictor
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, Render

RATE = 44100
MODEL = Path(__file__).parents[2] / "models" / "channel-strip"
Make = Callable[..., Refinement]


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(load_bundle(MODEL), host)


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
    reference = automix.hear([automix.host.render(chain, [Render(other, RATE, hidden)])[0]], RATE)

    def build(wrong: dict[str, float] | None = None, free: np.ndarray | None = None) -> Refinement:
        task = AutomixJob([given], RATE, chain.neutral, reference=reference)
        predictor = Predictor(automix.bundle)
        prediction = predictor.predict(predictor.hear([given], RATE), reference)
        settings, confidence = prediction.settings.copy(), prediction.confidence.copy()
        for label, value in (wrong or {}).items():
            index = chain.index(label)
            settings[index], confidence[index] = chain.controls[index].normalized(value), 0.3
        prediction = Prediction(settings, confidence, prediction.target)
        mask = np.ones(len(chain.neutral), bool) if free is None else free
        return Refinement(automix.bundle, automix.guard(task, prediction), reference, prediction, chain.neutral, mask)

    return build


def test_a_wrong_answer_is_mended_and_believed(make: Make, chain: Chain) -> None:
    gain = chain.index("output.gain_db")
    refinement = make({"output.gain_db": 9.0})
    refined = refinement.run(60.0, limit_candidates=120)
    answers = (refinement.prediction.settings, refined.settings)
    wrong, mended = (abs(chain.controls[gain].real_value(float(answer[gain]))) for answer in answers)
    assert refined.pays
    assert mended < 0.5 * wrong


def test_the_same_seed_finds_the_same(make: Make) -> None:
    first, second = (make().run(60.0, limit_candidates=40, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.settings, second.settings)


def test_settings_stay_within_bounds_and_fixed_ones_where_they_are(make: Make, chain: Chain) -> None:
    free = np.ones(len(chain.neutral), bool)
    free[3:9] = False
    refined = make(free=free).run(60.0, limit_candidates=40)
    low, high = chain.bounds
    np.testing.assert_array_equal(refined.settings[3:9], chain.neutral[3:9])
    assert ((refined.settings >= low) & (refined.settings <= high)).all()


def test_time_is_kept(make: Make) -> None:
    told: list[float] = []
    refined = make().run(0.0, progress=told.append)
    assert refined.candidates <= 1 + 12 + 3, "the first ones, the start, and the two ends"
    assert not refined.pays and not told


def test_a_plugin_that_fails_is_no_candidate_and_at_the_start_the_end(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ears go deaf for every other candidate, then for all."""
    refinement = make()
    hear = type(refinement.guard).hear

    def deaf_for_odd(guard: object, settings: list[np.ndarray]) -> list[SoundFeatures | None]:
        return [sound if index % 2 == 0 else None for index, sound in enumerate(hear(guard, settings))]  # type: ignore[arg-type]

    monkeypatch.setattr(type(refinement.guard), "hear", deaf_for_odd)
    assert np.isfinite(refinement.run(60.0, limit_candidates=40).settings).all()
    monkeypatch.setattr(type(refinement.guard), "hear", lambda _, settings: [None] * len(settings))
    refined = refinement.run(60.0, limit_candidates=40)
    np.testing.assert_allclose(refined.settings, refinement.prediction.settings, atol=1e-6)
    assert not refined.pays


def test_a_refined_answer_is_taken_only_where_it_was_accepted_as_far(automix: Automix, chain: Chain) -> None:
    nothing = Measurements(None, None, None)
    take = Candidate(1.0, chain.neutral, (), None)  # type: ignore[arg-type]
    full, partial = (GuardDecision(nothing, replace(take, amount=amount), nothing, "") for amount in (1.0, 0.4))
    refused = GuardDecision(nothing, None, nothing, "")
    assert _preferred(full, partial) is full
    assert _preferred(partial, full) is full
    assert _preferred(refused, full) is full
    assert _preferred(full, refused) is full
