"""What a model must beat does what its name says: it would be no opponent otherwise."""

import numpy as np
import pytest

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.audio.synthesis import synthesise
from bridge.automix.pipeline import Automix
from bridge.decibels import db_to_amplitude
from bridge.features.settings import FeatureSettings
from bridge.model.bundle import normalized_to_positions
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput
from bridge.training.evaluation.baselines import (
    LOUDNESS_PASSES,
    DoNothing,
    GainAndLimiter,
    GainMatch,
    MatchEqMethod,
    baselines,
)
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.mean_target import MeanTargets
from bridge.training.evaluation.metrics import frame_distance_db
from bridge.training.evaluation.model_method import ModelMethod
from bridge.training.evaluation.search_baselines import SearchObjective, cma_search, random_search

RATE = 44100
LOUD_LUFS = -15.0


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    """Drums with room for changes."""
    return 0.25 * synthesise("drums", duration_s=3.0, sample_rate_hz=RATE, seed=0)


@pytest.fixture(scope="module")
def case(audio: np.ndarray, chain: Chain, host: PluginHost) -> EvaluationCase:
    """Brighter, and 6 dB louder."""
    hidden = chain.neutral.copy()
    for label, value in (("high_shelf.gain_db", 9.0), ("output.gain_db", 6.0)):
        index = chain.index(label)
        hidden[index] = chain.controls[index].normalized(value)
    truth, reference = host.render(
        chain, [RenderInput(audio, RATE, hidden), RenderInput(audio[:, ::-1].copy(), RATE, hidden)]
    )
    return EvaluationCase("drums", "match", RATE, audio, truth, hidden, reference)


@pytest.fixture(scope="module")
def targets(case: EvaluationCase) -> MeanTargets:
    return MeanTargets([case], FeatureSettings())


def test_nothing_is_nothing(case: EvaluationCase) -> None:
    made = DoNothing().run(case, 99)
    np.testing.assert_array_equal(made.audio, case.given)
    assert not made.is_applied


def test_gain_match_has_the_targets_loudness_and_nothing_else(case: EvaluationCase, targets: MeanTargets) -> None:
    made = GainMatch(targets).run(case, 0)
    assert made is not None and case.reference is not None
    assert loudness_lufs(made.audio, RATE) == pytest.approx(loudness_lufs(case.reference, RATE), abs=0.05)
    ratio = made.audio[np.abs(case.given) > 1e-3] / case.given[np.abs(case.given) > 1e-3]
    assert ratio.std() < 1e-5


def test_match_eq_comes_closer_than_gain_alone(case: EvaluationCase, targets: MeanTargets) -> None:
    gained, matched = (method.run(case, 0) for method in (GainMatch(targets), MatchEqMethod(targets)))
    assert gained is not None and matched is not None
    near, far = (frame_distance_db(made.audio, case.truth, RATE) for made in (matched, gained))
    assert near < 0.7 * far


def test_gain_and_limiter_is_as_loud_as_the_target_and_never_clips(
    audio: np.ndarray, targets: MeanTargets, host: PluginHost
) -> None:
    """A target that gain alone reaches only with peaks beyond full scale."""
    loudness = loudness_lufs(audio, RATE)
    assert loudness is not None
    loud = np.clip(audio * np.float32(db_to_amplitude(LOUD_LUFS - loudness)), -0.9, 0.9)
    case = EvaluationCase("drums", "mastering", RATE, audio, loud, None, loud)
    wanted = loudness_lufs(loud, RATE)
    gained, limited = GainMatch(targets).run(case, 0), GainAndLimiter(targets, host).run(case, 0)
    assert gained is not None and limited is not None and wanted is not None
    assert np.abs(gained.audio).max() > 1.0
    assert np.abs(limited.audio).max() <= 1.0
    assert loudness_lufs(limited.audio, RATE) == pytest.approx(wanted, abs=1.0)
    gained_dbtp, limited_dbtp = true_peak_dbtp(gained.audio, RATE), true_peak_dbtp(limited.audio, RATE)
    # Pedalboard's limiter holds the samples, and not what lies between them.
    assert gained_dbtp is not None and limited_dbtp is not None and limited_dbtp < gained_dbtp


@pytest.mark.parametrize("search", [random_search, cma_search])
def test_searches_spend_their_candidates_and_come_closer(
    case: EvaluationCase, targets: MeanTargets, chain: Chain, host: PluginHost, search: object
) -> None:
    target = targets.of(case)
    assert target is not None and callable(search)
    objective = SearchObjective(case, chain, host, target, FeatureSettings(), [case.given])
    before = host.render_count
    best = search(objective, 50, 1)
    assert host.render_count - before == 50
    assert ((best >= 0) & (best <= 1)).all()
    start = normalized_to_positions(chain, chain.neutral)
    found, neutral = objective.distances_db(np.stack([best, start]))
    assert found < neutral


def test_a_search_with_one_candidate_leaves_all_as_it_is(
    case: EvaluationCase, targets: MeanTargets, chain: Chain, host: PluginHost
) -> None:
    target = targets.of(case)
    assert target is not None
    objective = SearchObjective(case, chain, host, target, FeatureSettings(), [case.given])
    for search in (random_search, cma_search):
        np.testing.assert_allclose(search(objective, 1, 0), normalized_to_positions(chain, chain.neutral))


def test_the_target_without_a_reference_is_that_of_the_others_alone(case: EvaluationCase) -> None:
    """Two recordings whose truths differ: each is told the other's."""
    first = EvaluationCase("one", "automix", RATE, case.given, case.given, None, None, loudness_counts=False)
    second = EvaluationCase("two", "automix", RATE, case.given, case.truth, None, None, loudness_counts=False)
    targets = MeanTargets([first, second], FeatureSettings())
    told, own = targets.of(first), MeanTargets([second], FeatureSettings())._measure(case.truth, RATE)
    assert told is not None
    np.testing.assert_allclose(told.spectrum_db, own.spectrum_db)
    assert MeanTargets([first], FeatureSettings()).of(first) is None


def test_rivals_get_the_models_number_of_renders(case: EvaluationCase, automix: Automix) -> None:
    """The model's renders are counted, guard included, and no rival that searches takes more."""
    model = ModelMethod(automix).run(case, 0)
    assert model.renders >= 4
    for method in baselines(automix, [case], seed=0):
        made = method.run(case, model.renders)
        assert made is not None and made.renders <= max(model.renders, LOUDNESS_PASSES), method.name
