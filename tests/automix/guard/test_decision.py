"""The guard, through the real plugins: it lets improvements through, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.audio.synthesis import synthesise
from bridge.automix.facts import DecisionKind
from bridge.automix.guard.decision import Guard, move_toward
from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import ProxyChain
from bridge.automix.objective import Objective
from bridge.errors import PluginError
from bridge.features.mel import extract_features
from bridge.features.profile import SpectralProfile
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain, Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import RangeLaw
from bridge.plugins.host.host import PluginHost, RenderInput
from tests.support.synthetic_speech import synthetic_speech

RATE = 44100
Change = Callable[..., np.ndarray]


def near(target: SpectralProfile, *, loudness_counts: bool = True) -> Objective:
    return Objective(target, FeatureSettings(), loudness_counts, margin_share=0.05, margin_db=0.25)


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    """Plucked strings with peaks at -12 dBFS: room for changes."""
    return 0.25 * synthesise("strings", duration_s=4.0, sample_rate_hz=RATE, seed=1)


@pytest.fixture
def settings(chain: Chain) -> Change:
    """Neutral settings with some controls at real values: settings({'output.gain_db': 3.0})."""

    def make(changes: dict[str, float]) -> np.ndarray:
        vector = chain.neutral.copy()
        for label, real_value in changes.items():
            index = chain.index(label)
            vector[index] = chain.controls[index].normalized(real_value)
        return vector

    return make


@pytest.fixture
def make_guard(chain: Chain, host: PluginHost, audio: np.ndarray) -> Callable[..., Guard]:
    """A guard whose target is the audio through the given settings."""

    def make(target: np.ndarray, *, loudness_counts: bool = True, free: np.ndarray | None = None) -> Guard:
        goal = host.render(chain, [RenderInput(audio, RATE, target)])
        objective = near(extract_features(goal, RATE, FeatureSettings()).profile, loudness_counts=loudness_counts)
        return Guard(
            CandidateRenderer(host, chain, [audio], RATE),
            CandidateMetrics(FeatureSettings(), RATE, objective),
            np.ones(len(chain.controls), bool) if free is None else free,
        )

    return make


def aimed_at(guard: Guard, objective: Objective) -> Guard:
    return replace(guard, metrics=replace(guard.metrics, objective=objective))


def rendering(guard: Guard, **changes: object) -> Guard:
    return replace(guard, renderer=replace(guard.renderer, **changes))


BRIGHT = {"high_shelf.gain_db": 9.0, "high_shelf.cutoff_frequency_hz": 4000.0}
DARK = {"high_shelf.gain_db": -9.0, "high_shelf.cutoff_frequency_hz": 4000.0}


def test_the_right_settings_are_accepted(make_guard: Callable[..., Guard], settings: Change, chain: Chain) -> None:
    result = make_guard(settings(BRIGHT)).decide(chain.neutral, settings(BRIGHT), 1.0)
    assert result.accepted is not None
    assert result.accepted.amount == 1.0
    assert result.after.distance_db is not None and result.before.distance_db is not None
    assert result.after.distance_db < 0.1 < 1.0 < result.before.distance_db


def test_the_opposite_is_refused_with_both_distances(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    result = make_guard(settings(BRIGHT)).decide(chain.neutral, settings(DARK), 1.0)
    assert result.accepted is None
    assert result.after == result.before
    assert result.decision.kind is DecisionKind.NOT_CLOSER
    assert result.decision.before_db == result.before.distance_db < result.decision.after_db


def test_too_much_of_the_right_thing_is_taken_in_part(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    mild = settings({"high_shelf.gain_db": 5.0, "high_shelf.cutoff_frequency_hz": 7000.0})
    wild = settings({"high_shelf.gain_db": 15.0, "high_shelf.cutoff_frequency_hz": 7000.0})
    result = make_guard(mild).decide(chain.neutral, wild, 1.0)
    assert result.accepted is not None
    assert result.accepted.amount == pytest.approx(0.4)
    gain = chain.index("high_shelf.gain_db")
    assert chain.controls[gain].real_value(float(result.accepted.normalized[gain])) == pytest.approx(6.0, abs=0.1)


VOICE = synthetic_speech(3, count=3)[None]
SQUEEZED = {
    "compressor.threshold_db": -45.0,
    "compressor.ratio": 10.0,
    "compressor.release_ms": 20.0,
    "high_shelf.gain_db": 6.0,
}
BOOMING = {"low_shelf.gain_db": 15.0, "low_shelf.cutoff_frequency_hz": 60.0, "high_shelf.gain_db": 9.0}


@pytest.mark.parametrize(
    ("changes", "background", "kind"),
    [
        (SQUEEZED, 2e-3 * np.random.default_rng(0).standard_normal(VOICE.shape), DecisionKind.NOISE_WOULD_RISE),
        (BOOMING, 4e-3 * np.sin(2 * np.pi * 40 * np.arange(VOICE.shape[1]) / RATE), DecisionKind.RUMBLE_WOULD_RISE),
    ],
)
@pytest.mark.parametrize("loudness_counts", [True, False])
def test_what_lies_behind_a_voice_is_not_lifted(
    host: PluginHost,
    chain: Chain,
    settings: Change,
    changes: dict[str, float],
    background: np.ndarray,
    kind: DecisionKind,
    loudness_counts: bool,
) -> None:
    """However near it comes to a target that asks for it. Without what lies behind it, the same is accepted."""
    thin = np.diff(VOICE, n=2, prepend=0, append=0)  # nothing of it lies below 80 Hz
    clean = (VOICE if kind is DecisionKind.NOISE_WOULD_RISE else 0.2 * thin / np.abs(thin).max()).astype(np.float32)
    for audio, accepted in ((clean, True), ((clean + background).astype(np.float32), False)):
        goal = host.render(chain, [RenderInput(audio, RATE, settings(changes))])
        objective = near(extract_features(goal, RATE, FeatureSettings()).profile, loudness_counts=loudness_counts)
        metrics = CandidateMetrics(FeatureSettings(), RATE, objective)
        guard = Guard(CandidateRenderer(host, chain, [audio], RATE), metrics, np.ones(len(chain.controls), bool))
        result = guard.decide(chain.neutral, settings(changes), 1.0)
        if accepted:
            assert result.accepted is not None and result.accepted.amount == 1.0
        else:
            assert result.accepted is None or result.accepted.amount < 1.0
            assert result.accepted is not None or (result.decision.kind is kind and result.decision.lift_db > 3.0)


def test_the_amount_is_the_users(make_guard: Callable[..., Guard], settings: Change, chain: Chain) -> None:
    result = make_guard(settings(BRIGHT)).decide(chain.neutral, settings(BRIGHT), 0.5)
    assert result.accepted is not None
    expected = chain.neutral + 0.5 * (settings(BRIGHT) - chain.neutral)
    moved = [index for index, control in enumerate(chain.controls) if control.slot == "high_shelf"]
    np.testing.assert_allclose(result.accepted.normalized[moved], expected[moved], atol=1e-6)


def test_an_amount_takes_choices_whole(make_guard: Callable[..., Guard], settings: Change, chain: Chain) -> None:
    """Between two filter types there is none, and a plugin asked for one ignores it."""
    kind = msgspec.structs.replace(chain.controls[0], choices=("low shelf", "peak", "high shelf"))
    slot = msgspec.structs.replace(chain.slots[0], controls=(kind, *chain.slots[0].controls[1:]))
    chosen = rendering(make_guard(settings({})), chain=msgspec.structs.replace(chain, slots=(slot, *chain.slots[1:])))
    wanted = chain.neutral.copy()
    wanted[0], wanted[1] = 0.5, 1.0
    now = np.zeros_like(wanted)
    moved = move_toward(chosen.renderer, now, wanted, 0.4, np.ones(len(now), bool))
    assert moved[0] == 0.5 and moved[1] == pytest.approx(0.4)
    assert move_toward(chosen.renderer, now, wanted, 0.0, np.ones(len(now), bool))[0] == 0.0


def test_controls_that_are_not_free_stay(make_guard: Callable[..., Guard], settings: Change, chain: Chain) -> None:
    free = np.array([control.slot == "high_shelf" for control in chain.controls])
    wanted = settings(BRIGHT | {"peak_low.gain_db": 6.0, "output.gain_db": 3.0})
    result = make_guard(settings(BRIGHT), free=free).decide(chain.neutral, wanted, 1.0)
    assert result.accepted is not None
    np.testing.assert_array_equal(result.accepted.normalized[~free], chain.neutral[~free])


def test_without_reference_the_loudness_stays(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain, audio: np.ndarray
) -> None:
    result = make_guard(settings(BRIGHT), loudness_counts=False).decide(chain.neutral, settings(BRIGHT), 1.0)
    assert result.accepted is not None
    assert result.accepted.normalized[chain.index("output.gain_db")] < chain.neutral[chain.index("output.gain_db")]
    assert result.after.loudness_lufs == pytest.approx(loudness_lufs(audio, RATE), abs=0.3)


def test_nothing_is_made_to_clip(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain, host: PluginHost, audio: np.ndarray
) -> None:
    hot = settings({"output.gain_db": 20.0})
    assert (true_peak_dbtp(host.render(chain, [RenderInput(audio, RATE, hot)])[0], RATE) or 0.0) > 6.0
    result = make_guard(hot).decide(chain.neutral, hot, 1.0)
    assert result.after.true_peak_dbtp is not None
    assert result.after.true_peak_dbtp <= 0.0
    assert result.accepted is not None, "lowered to the ceiling it is still closer"


def test_peaks_that_were_there_before_may_stay(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    loud = {"output.gain_db": 18.0}
    result = make_guard(settings(DARK | loud)).decide(settings(loud), settings(DARK | loud), 1.0)
    assert result.before.true_peak_dbtp is not None and result.after.true_peak_dbtp is not None
    assert result.accepted is not None
    assert 0.0 < result.after.true_peak_dbtp <= result.before.true_peak_dbtp


def test_silence_is_never_an_improvement(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain, audio: np.ndarray
) -> None:
    """A target below everything that can be heard: muting comes closest, and is refused."""
    quiet = rendering(make_guard(settings({})), windows=[(audio * np.float32(1e-4))])
    floor = extract_features([np.zeros_like(audio)], RATE, FeatureSettings()).profile
    guard = aimed_at(quiet, near(floor))
    result = guard.decide(chain.neutral, settings({"output.gain_db": -24.0}), 1.0)
    assert result.accepted is None


def test_when_even_the_users_own_settings_cannot_be_rendered_the_error_is_the_plugins(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    with PluginHost(workers=1) as closed:
        closed.close()
    with pytest.raises(PluginError, match="closed"):
        rendering(make_guard(settings(BRIGHT)), host=closed).decide(chain.neutral, settings(BRIGHT), 1.0)


def test_a_bank_of_good_sounds_has_a_veto(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain, audio: np.ndarray
) -> None:
    """The target says brighter, but all good recordings sound like the track does now."""
    guard = make_guard(settings(BRIGHT))
    assert guard.decide(chain.neutral, settings(BRIGHT), 1.0).accepted is not None
    now = extract_features([audio], RATE, FeatureSettings()).profile
    bank = np.repeat(np.stack([now.mean_db, now.spread_db])[None], 5, axis=0)
    vetoed = aimed_at(guard, replace(guard.metrics.objective, reference_profiles=bank))
    refused = vetoed.decide(chain.neutral, settings(BRIGHT), 1.0)
    assert refused.accepted is None and refused.decision.kind is DecisionKind.UNLIKE_RECORDINGS


def test_features_of_candidates_put_the_right_one_first(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    guard = make_guard(settings(BRIGHT))
    sounds = guard.metrics.extract(guard.renderer.render_windows([settings(DARK), settings(BRIGHT), chain.neutral]))
    distances = [guard.metrics.objective.distance_db(sound.profile) for sound in sounds if sound is not None]
    assert len(distances) == 3
    assert int(np.argmin(distances)) == 1
    assert distances[0] > distances[2]


def test_what_sounds_beside_the_model_is_measured_with_it(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    """A loud gain behind the chain, in another order: the measures count it in, and no peak rises."""
    gain = Control(slot="beside", name="gain_db", unit="dB", law=RangeLaw(low=0.0, high=1.0))
    slots = (*reversed(chain.slots), Slot(name="beside", plugin="builtin:Gain", controls=(gain,)))
    turned = msgspec.structs.replace(chain, slots=slots)
    order = [chain.index(control.label) for control in turned.controls[:-1]]
    proxy = ProxyChain(turned, lambda row: np.append(row[order], np.float32(12.0)))
    guard = make_guard(settings(BRIGHT), loudness_counts=False)
    alone = guard.decide(chain.neutral, settings(BRIGHT), 1.0)
    beside = rendering(guard, proxy=proxy).decide(chain.neutral, settings(BRIGHT), 1.0)
    assert alone.before.loudness_lufs is not None
    assert beside.before.loudness_lufs == pytest.approx(alone.before.loudness_lufs + 12.0, abs=0.01)
    assert beside.after.true_peak_dbtp is not None
    assert beside.after.true_peak_dbtp <= max(0.0, beside.before.true_peak_dbtp or 0.0)


def test_dynamics_are_measured_by_how_even_they_are(
    make_guard: Callable[..., Guard], settings: Change, chain: Chain
) -> None:
    """The profile is as far off as it was; what counts is that loud and soft passages come closer together."""
    plain = make_guard(chain.neutral, loudness_counts=False)
    time_s = np.arange(plain.renderer.windows[0].shape[-1]) / RATE
    uneven = (plain.renderer.windows[0] * np.where(time_s % 2 < 1, 1.0, 0.15)).astype(np.float32)
    objective = replace(plain.metrics.objective, evens_level=True, margin_share=0.0, margin_db=0.1)
    guard = aimed_at(rendering(plain, windows=[uneven]), objective)
    even = settings({"compressor.threshold_db": -40.0, "compressor.ratio": 6.0, "compressor.release_ms": 200.0})
    result = guard.decide(chain.neutral, even, 1.0)
    assert result.accepted is not None
    assert result.after.distance_db is not None and result.before.distance_db is not None
    assert result.after.distance_db < result.before.distance_db - 0.5
    assert guard.decide(even, chain.neutral, 1.0).accepted is None
