"""Explanations, through the real plugins: they name where a slot acts, and what was measured there."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.audio.synthesis import synthesise
from bridge.automix.explanations.attribution import measure_slot_effects
from bridge.automix.explanations.controls import explain_changes, nominal_band_hz
from bridge.automix.facts import Explanation, ExplanationKind
from bridge.automix.guard.decision import Guard
from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.objective import Objective
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput

RATE = 44100
BELL = {"peak_high.gain_db": 9.0, "peak_high.cutoff_frequency_hz": 3000.0, "peak_high.q": 1.0}


def settings(chain: Chain, changes: dict[str, float]) -> np.ndarray:
    vector = chain.neutral.copy()
    for label, real_value in changes.items():
        index = chain.index(label)
        vector[index] = chain.controls[index].normalized(real_value)
    return vector


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return 0.2 * synthesise("strings", duration_s=4.0, sample_rate_hz=RATE, seed=1)


@pytest.fixture
def make_guard(chain: Chain, host: PluginHost, audio: np.ndarray) -> Callable[[dict[str, float]], Guard]:
    """A guard whose target is the audio through these settings."""

    def make(target: dict[str, float]) -> Guard:
        (goal,) = host.render(chain, [RenderInput(audio, RATE, settings(chain, target))])
        profile = extract_features([goal], RATE, FeatureSettings()).profile
        objective = Objective(profile, FeatureSettings(), loudness_counts=True, margin_share=0.05, margin_db=0.25)
        return Guard(
            CandidateRenderer(host, chain, [audio], RATE, everything=[audio]),
            CandidateMetrics(FeatureSettings(), RATE, objective),
            np.ones(len(chain.controls), dtype=bool),
        )

    return make


def explained(guard: Guard, before: np.ndarray, after: np.ndarray) -> dict[str, Explanation | None]:
    result = guard.decide(before, after, 1.0)
    assert result.accepted is not None, result.decision
    facts = explain_changes(guard.renderer, guard.metrics, result, before, has_reference=True)
    return {control.label: fact for control, fact in zip(guard.renderer.chain.controls, facts, strict=True)}


def kind(explanation: Explanation | None) -> ExplanationKind | None:
    return None if explanation is None else explanation.kind


def test_a_bell_is_explained_by_the_bands_that_it_reaches(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    facts = explained(make_guard(BELL), chain.neutral, settings(chain, BELL))
    fact = facts["peak_high.gain_db"]
    assert fact is not None and fact.kind is ExplanationKind.TONE and fact.has_reference
    assert fact.low_hz == 2000 and fact.high_hz in (4000, 5000)
    assert -9.5 < fact.before_db < -5.0 and abs(fact.after_db) < 0.5
    assert fact.effect_db is None
    assert facts["peak_high.cutoff_frequency_hz"] == fact
    assert facts["low_shelf.gain_db"] is None  # it stays


@pytest.mark.parametrize("gain_db", [3.0, -3.0])
def test_a_slot_that_goes_the_wrong_way_shows_so(
    chain: Chain, make_guard: Callable[..., Guard], gain_db: float
) -> None:
    shelf = {"low_shelf.gain_db": gain_db, "low_shelf.cutoff_frequency_hz": 500.0}
    facts = explained(make_guard(BELL), chain.neutral, settings(chain, BELL | shelf))
    fact = facts["low_shelf.gain_db"]
    assert fact is not None and fact.kind is ExplanationKind.TONE
    assert fact.low_hz in (125, 160) and fact.high_hz == 630
    assert fact.after_db * gain_db > 0 and abs(fact.after_db) > abs(fact.before_db)
    assert fact.effect_db is not None and 1.0 <= fact.effect_db * np.sign(gain_db) < 5.0
    bell = facts["peak_high.gain_db"]
    assert bell is not None and bell.effect_db is None


def test_a_compressor_is_explained_by_dynamics_and_the_gain_by_loudness(
    chain: Chain, make_guard: Callable[..., Guard]
) -> None:
    squeezed = {"compressor.threshold_db": -40.0, "compressor.ratio": 6.0, "compressor.attack_ms": 1.0,
                "output.gain_db": 12.0}  # fmt: skip
    facts = explained(make_guard(squeezed), chain.neutral, settings(chain, squeezed))
    ratio, gain = facts["compressor.ratio"], facts["output.gain_db"]
    assert ratio is not None and ratio.kind is ExplanationKind.DYNAMICS
    assert abs(ratio.after_db - ratio.target_db) < abs(ratio.before_db - ratio.target_db)
    assert gain is not None and gain.kind is ExplanationKind.LOUDNESS and gain.effect_db is not None


def test_a_slot_that_does_nothing_is_inaudible(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    idle = {"compressor.attack_ms": 9.77, "compressor.ratio": 1.0, "low_cut.cutoff_frequency_hz": 21.0}
    facts = explained(make_guard(BELL), chain.neutral, settings(chain, BELL | idle))
    assert kind(facts["compressor.attack_ms"]) is ExplanationKind.INAUDIBLE
    assert kind(facts["low_cut.cutoff_frequency_hz"]) is ExplanationKind.INAUDIBLE
    assert kind(facts["peak_high.gain_db"]) is ExplanationKind.TONE


def test_effects_are_those_of_the_slots_that_moved(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    guard, after = make_guard({}), settings(chain, BELL | {"output.gain_db": -6.0})
    effects = measure_slot_effects(guard.renderer, guard.metrics, chain.neutral, after)
    assert set(effects) == {"peak_high"}  # the output sets the gain and nothing else
    assert not effects["peak_high"].is_dynamic
    assert float(effects["peak_high"].colour_db.max()) > 5.0


def test_nothing_accepted_is_nothing_explained(chain: Chain, make_guard: Callable[..., Guard]) -> None:
    guard = make_guard({})
    result = guard.decide(chain.neutral, settings(chain, BELL), 1.0)
    assert explain_changes(guard.renderer, guard.metrics, result, chain.neutral, has_reference=False) == ()


@pytest.mark.parametrize(("bands", "ends_hz"), [((0, 64), (None, 16000)), ((62, 64), (12500, None))])
def test_the_ends_of_the_spectrum_are_open(bands: tuple[int, int], ends_hz: tuple[float | None, ...]) -> None:
    assert nominal_band_hz(slice(*bands), FeatureSettings()) == ends_hz
