"""The main job with the shipped model: what people hear, and what must never happen to them."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bridge.audio.synthesis import KINDS, synthesise
from bridge.automix.facts import DecisionKind, SearchOutcome
from bridge.automix.job import AutomixJob
from bridge.automix.pipeline import Automix, StaticAutomix
from bridge.errors import AudioError, ModelError
from bridge.model.bundle import load_model
from bridge.plugins.host.host import PluginHost, RenderInput

ROOT = Path(__file__).parents[2]
RATE = 48000


@pytest.fixture(scope="module")
def automix(host: PluginHost) -> Automix:
    return Automix(load_model(ROOT / "models" / "channel-strip"), host)


def settings_of(automix: Automix, changes: dict[str, float]) -> np.ndarray:
    chain = automix.model.chain
    vector = chain.neutral.copy()
    for label, real_value in changes.items():
        vector[chain.index(label)] = chain.controls[chain.index(label)].normalized(real_value)
    return vector


MUFFLED = {"high_shelf.gain_db": -14.0, "high_shelf.cutoff_frequency_hz": 3000.0, "peak_low.gain_db": 9.0}
BRIGHT = {"high_shelf.gain_db": 10.0, "high_shelf.cutoff_frequency_hz": 5000.0, "low_shelf.gain_db": -6.0}


@pytest.fixture(scope="module")
def muffled(automix: Automix) -> list[np.ndarray]:
    """Good recordings of each kind (seeds that training does not use), heard through a blanket."""
    good = [synthesise(kind, duration_s=8.0, sample_rate_hz=RATE, seed=77_000) for kind in sorted(KINDS)]
    spoilt = settings_of(automix, MUFFLED)
    return automix.host.render(automix.model.chain, [RenderInput(audio, RATE, spoilt) for audio in good])


def test_muffled_recordings_come_closer_at_the_loudness_they_had(automix: Automix, muffled: list[np.ndarray]) -> None:
    outcomes = [automix.run(AutomixJob([audio], RATE, automix.model.chain.neutral)) for audio in muffled]
    assert sum(outcome.applied for outcome in outcomes) >= 3
    for outcome in outcomes:
        before, after = outcome.measures_before, outcome.measures_after
        assert before.loudness_lufs is not None and after.loudness_lufs is not None
        assert after.loudness_lufs == pytest.approx(before.loudness_lufs, abs=1.0)
        if outcome.applied:
            assert before.distance_db is not None and after.distance_db is not None
            assert after.distance_db < before.distance_db
        else:
            np.testing.assert_array_equal(outcome.normalized, outcome.before_normalized)
            assert outcome.decision.kind is DecisionKind.NOT_CLOSER


def test_a_reference_is_approached(automix: Automix) -> None:
    kinds = ("strings", "drums", "pad")
    wanted = settings_of(automix, BRIGHT)
    ratios = []
    for kind in kinds:
        track, other = (synthesise(kind, duration_s=8.0, sample_rate_hz=RATE, seed=78_000) for _ in range(2))
        reference = automix.extract_features(
            automix.host.render(automix.model.chain, [RenderInput(other, RATE, wanted)]), RATE
        )
        outcome = automix.run(AutomixJob([track], RATE, automix.model.chain.neutral, reference=reference))
        assert outcome.measures_before.distance_db is not None and outcome.measures_after.distance_db is not None
        ratios.append(outcome.measures_after.distance_db / outcome.measures_before.distance_db)
    assert np.median(ratios) < 0.6


def test_only_free_controls_move(automix: Automix, muffled: list[np.ndarray]) -> None:
    free = np.array([control.slot == "high_shelf" for control in automix.model.chain.controls])
    task = AutomixJob([muffled[0]], RATE, settings_of(automix, {"peak_low.gain_db": 2.0}), free=free)
    outcome = automix.run(task)
    np.testing.assert_array_equal(outcome.normalized[~free], task.current[~free])


def test_an_amount_of_nothing_changes_nothing(automix: Automix, muffled: list[np.ndarray]) -> None:
    outcome = automix.run(AutomixJob([muffled[0]], RATE, automix.model.chain.neutral, amount_percent=0.0))
    assert not outcome.applied
    np.testing.assert_array_equal(outcome.normalized, automix.model.chain.neutral)


def test_more_amount_is_further_from_the_users_settings(automix: Automix, muffled: list[np.ndarray]) -> None:
    task = AutomixJob([muffled[1]], RATE, automix.model.chain.neutral)
    half, full = (automix.run(replace(task, amount_percent=amount)) for amount in (50.0, 100.0))
    moved = [np.abs(outcome.normalized - outcome.before_normalized).sum() for outcome in (half, full)]
    assert moved[0] <= moved[1]


def test_silence_is_left_alone(automix: Automix) -> None:
    outcome = automix.run(AutomixJob([np.zeros((2, RATE), np.float32)], RATE, automix.model.chain.neutral))
    assert not outcome.applied
    assert outcome.decision.kind is DecisionKind.SILENT
    assert outcome.measures_before.loudness_lufs is None


@pytest.mark.parametrize("offset", [0.0, 0.01, 0.5])
def test_a_silent_reference_is_an_error(automix: Automix, offset: float) -> None:
    """So is a recording of nothing with an offset."""
    with pytest.raises(ModelError, match="reference is silent"):
        automix.extract_features([np.full((1, RATE), offset, np.float32)], RATE)


def test_a_foreign_rate_is_an_error_with_a_remedy(automix: Automix) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32)
    with pytest.raises(AudioError, match="Resample"):
        automix.run(AutomixJob([noise], 8000, automix.model.chain.neutral))


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.3])
def test_a_very_short_track_is_answered(automix: Automix, seconds: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, int(RATE * seconds))).astype(np.float32)
    outcome = automix.run(AutomixJob([noise], RATE, automix.model.chain.neutral))
    assert np.isfinite(outcome.normalized).all()


@pytest.mark.parametrize("seconds", [0.02, 0.2, 0.9])
def test_less_than_a_second_out_of_a_longer_sound_is_not_judged(
    automix: Automix, muffled: list[np.ndarray], seconds: float
) -> None:
    for audio in muffled:
        part = audio[:, 2 * RATE : 2 * RATE + round(seconds * RATE)]
        outcome = automix.run(AutomixJob([part], RATE, automix.model.chain.neutral, is_part=True))
        assert not outcome.applied
        assert outcome.decision.kind in (DecisionKind.TOO_SHORT, DecisionKind.SILENT)
        assert outcome.decision.sound_s <= seconds


def test_it_is_the_sound_that_counts_and_not_the_silence_around_it(automix: Automix, muffled: list[np.ndarray]) -> None:
    audio = np.zeros((1, 10 * RATE), np.float32)
    audio[:, RATE : RATE + RATE // 10] = muffled[0][:1, 2 * RATE : 2 * RATE + RATE // 10]
    decision = automix.run(AutomixJob([audio], RATE, automix.model.chain.neutral, is_part=True)).decision
    assert (decision.kind, decision.needed_sound_s, decision.is_part) == (DecisionKind.TOO_SHORT, 1.0, True)
    assert decision.sound_s == pytest.approx(0.1, abs=0.011)


def test_a_one_shot_must_win_more(automix: Automix, muffled: list[np.ndarray]) -> None:
    judged = 0
    for audio in muffled:
        shot = audio[:, 2 * RATE : 2 * RATE + 7 * RATE // 10]
        decision = automix.run(AutomixJob([shot], RATE, automix.model.chain.neutral)).decision
        if decision.kind in (DecisionKind.IMPROVED, DecisionKind.NOT_CLOSER):
            judged += 1
            assert decision.needed_db <= decision.before_db - 3.0 + 1e-6
    assert judged


def test_a_reference_of_a_moment_is_an_error(automix: Automix) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, RATE // 10)).astype(np.float32)
    with pytest.raises(ModelError, match=r"holds 0\.10 s of sound"):
        automix.extract_features([noise], RATE)


def test_no_search_follows_a_target_that_is_guessed(automix: Automix, muffled: list[np.ndarray]) -> None:
    task = AutomixJob([muffled[0]], RATE, automix.model.chain.neutral)
    begun = automix.host.render_count
    plain, needed = automix.run(task), automix.host.render_count - begun
    asked = automix.run(replace(task, refine_s=3600.0))
    assert automix.host.render_count == begun + 2 * needed
    np.testing.assert_array_equal(asked.normalized, plain.normalized)
    assert asked.decision == msgspec.structs.replace(plain.decision, search=SearchOutcome.NEEDS_REFERENCE)
    with_reference = replace(task, reference=automix.extract_features([muffled[0]], RATE))
    assert StaticAutomix(automix.model, automix.host, with_reference).can_search
    assert StaticAutomix(replace(automix.model, reference_profiles=None), automix.host, task).can_search, "a known goal"


def test_a_refined_answer_is_at_least_as_close(automix: Automix, muffled: list[np.ndarray]) -> None:
    reference = automix.extract_features([synthesise("bass", duration_s=8.0, sample_rate_hz=RATE, seed=79_000)], RATE)
    task = AutomixJob([muffled[0]], RATE, automix.model.chain.neutral, reference=reference)
    plain, refined = automix.run(task), automix.run(replace(task, refine_s=1.0))
    assert plain.measures_after.distance_db is not None and refined.measures_after.distance_db is not None
    assert refined.measures_after.distance_db <= plain.measures_after.distance_db + 1e-6
