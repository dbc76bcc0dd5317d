"""With a reference the analytic answer stands beside the encoder's, and the kind of sound decides which comes first."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.automix.facts import DecisionKind, ProposalOrigin, SearchOutcome
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.evaluation.metrics import frame_distance_db

RATE = 44100
MODEL = Path(__file__).parents[2] / "models" / "channel-strip"
TREATED = {"low_shelf.gain_db": 6.0, "peak_high.gain_db": -8.0, "high_shelf.gain_db": -7.0, "output.gain_db": -5.0}


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(load_model(MODEL), host)


def settings_of(automix: Automix, changes: dict[str, float]) -> np.ndarray:
    chain = automix.model.chain
    vector = chain.neutral.copy()
    for label, value in changes.items():
        vector[chain.index(label)] = chain.controls[chain.index(label)].normalized(value)
    return vector


@pytest.fixture(scope="module")
def machine() -> tuple[np.ndarray, np.ndarray]:
    """Two stretches of a machine that hums and hisses: like nothing that any model was trained with."""
    generator = np.random.default_rng(4)
    time = np.arange(16 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 40))
    hiss = np.convolve(generator.standard_normal(time.size), [1, -0.6], mode="same")
    strokes = 0.6 + 0.4 * np.sin(2 * np.pi * 1.7 * time) * np.sin(2 * np.pi * 0.31 * time)
    sound = (0.02 * (hum + hiss) * strokes).astype(np.float32)[None]
    return sound[:, : 8 * RATE], sound[:, 8 * RATE :]


def test_a_sound_that_the_encoder_does_not_know_is_matched_by_tone(
    automix: Automix, machine: tuple[np.ndarray, np.ndarray]
) -> None:
    given = machine[0]
    truth, reference = automix.host.render(
        automix.model.chain, [RenderInput(part, RATE, settings_of(automix, TREATED)) for part in machine]
    )
    job = AutomixJob([given], RATE, automix.model.chain.neutral, reference=automix.extract_features([reference], RATE))
    result = automix.run(job)
    assert result.decision.kind is DecisionKind.IMPROVED
    assert result.decision.origin is ProposalOrigin.TONE_MATCH
    encoded = automix.predict(job).normalized
    own, encoders = automix.host.render(
        automix.model.chain, [RenderInput(given, RATE, row) for row in (result.normalized, encoded)]
    )
    left = frame_distance_db(own, truth, RATE)
    assert left < 0.25 * frame_distance_db(given, truth, RATE)
    assert left < frame_distance_db(encoders, truth, RATE)


def test_a_reference_that_is_alike_changes_nothing(automix: Automix, machine: tuple[np.ndarray, np.ndarray]) -> None:
    given, other = machine
    job = AutomixJob([given], RATE, automix.model.chain.neutral, reference=automix.extract_features([other], RATE))
    assert not automix.run(job).applied


def test_what_the_track_has_already_is_no_difference(automix: Automix, machine: tuple[np.ndarray, np.ndarray]) -> None:
    """The user's own settings are what made the reference: there is nothing to do."""
    given, other = machine
    treated = settings_of(automix, TREATED)
    reference = automix.host.render(automix.model.chain, [RenderInput(other, RATE, treated)])[0]
    features = automix.extract_features([reference], RATE)
    result = automix.run(AutomixJob([given], RATE, treated, reference=features))
    assert not result.applied
    assert result.decision.origin is ProposalOrigin.TONE_MATCH


def test_only_free_controls_move(automix: Automix, machine: tuple[np.ndarray, np.ndarray]) -> None:
    given, other = machine
    chain = automix.model.chain
    reference = automix.host.render(chain, [RenderInput(other, RATE, settings_of(automix, TREATED))])[0]
    free = np.array([control.slot == "high_shelf" for control in chain.controls])
    job = AutomixJob([given], RATE, chain.neutral, free=free, reference=automix.extract_features([reference], RATE))
    result = automix.run(job)
    np.testing.assert_array_equal(result.normalized[~free], chain.neutral[~free])


def test_no_search_goes_on_from_a_tone_match(automix: Automix, machine: tuple[np.ndarray, np.ndarray]) -> None:
    """It fits as well as can be: a search would follow the errors of what it is fitted to, and did."""
    chain = automix.model.chain
    reference = automix.host.render(chain, [RenderInput(machine[1], RATE, settings_of(automix, TREATED))])[0]
    job = AutomixJob([machine[0]], RATE, chain.neutral, reference=automix.extract_features([reference], RATE))
    once, refined = automix.run(job), automix.run(replace(job, refine_s=3600.0))
    np.testing.assert_array_equal(refined.normalized, once.normalized)
    assert refined.decision.search is SearchOutcome.FITTED_ALREADY, "and it is said"


def test_a_sound_that_the_encoder_does_not_know_is_left_alone_without_a_reference(automix: Automix) -> None:
    """Steady chords on bare tones: nothing is wrong with them, and they were pulled towards what was learned."""
    time = np.arange(8 * RATE) / RATE
    tones = (0.05 * sum(np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 277.2, 329.6, 440.0))).astype(np.float32)
    noise = np.random.default_rng(1).standard_normal(time.size).astype(np.float32)
    sounds = (tones[None], (0.05 * noise)[None])
    results = [automix.run(AutomixJob([sound], RATE, automix.model.chain.neutral, is_dry=True)) for sound in sounds]
    assert not any(result.applied for result in results)
    assert DecisionKind.UNFAMILIAR in [result.decision.kind for result in results], "and it is said"
