"""The loudness guard through real plugins: targets honoured whatever comes in, tone at equal loudness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from mastering_chain import RATE_HZ, between_samples, mastering_chain, mix, zam_catalog

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.automix.facts import DecisionKind, LoudnessKind
from bridge.automix.guard.acceptance import GuardDecision
from bridge.automix.guard.loudness_guard import LoudnessGuard, split_at_limiter
from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.job import LoudnessTarget
from bridge.automix.loudness_solver import LoudnessControls
from bridge.automix.objective import reference_objective
from bridge.decibels import db_to_amplitude
from bridge.features.mel import extract_features
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.chain import Chain
from bridge.plugins.host.host import PluginHost, RenderInput

CHAIN = mastering_chain()
FEATURES = FeatureSettings()


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    with PluginHost(workers=2, catalog=zam_catalog()) as opened:
        yield opened


def guard(
    host: PluginHost, audio: np.ndarray, reference: np.ndarray, target: LoudnessTarget, rate: int
) -> LoudnessGuard:
    objective = reference_objective(
        extract_features([reference], rate, FEATURES).profile, FEATURES, loudness_counts=False
    )
    return LoudnessGuard(
        CandidateRenderer(host, CHAIN, [audio], rate, everything=[audio]),
        CandidateMetrics(FEATURES, rate, objective),
        np.ones(len(CHAIN.controls), dtype=bool),
        target,
    )


def with_bands(*gains_db: float) -> np.ndarray:
    row = CHAIN.neutral.copy()
    for index, gain_db in enumerate(gains_db, start=1):
        row[index] = CHAIN.controls[index].normalized(gain_db)
    return row


def rendered(host: PluginHost, audio: np.ndarray, result: GuardDecision, rate: int) -> np.ndarray:
    assert result.accepted is not None
    return host.render(CHAIN, [RenderInput(audio, rate, result.accepted.normalized)])[0]


@pytest.mark.parametrize(
    ("make", "rate", "lufs", "ceiling"),
    [
        (mix, RATE_HZ, -14.0, -1.0),
        (mix, RATE_HZ, -23.0, -2.0),
        (lambda: mix(peak=0.01), RATE_HZ, -16.0, -1.0),
        (lambda: mix(peak=1.0, seed=2), RATE_HZ, -12.0, -0.3),
        (lambda: mix(channels=1), RATE_HZ, -15.0, -1.0),
        (lambda: mix(rate_hz=48000, seed=1), 48000, -14.0, -1.0),
        (lambda: mix(rate_hz=96000, seconds=3.0), 96000, -14.0, -1.0),
        (lambda: np.tanh(8 * mix(seed=3)), RATE_HZ, -14.0, -1.0),  # louder than what is asked for
        (between_samples, RATE_HZ, -12.0, -1.0),
        (between_samples, RATE_HZ, -10.0, -3.0),
    ],
)
def test_loudness_and_true_peak_are_honoured(
    host: PluginHost, make: Callable[[], np.ndarray], rate: int, lufs: float, ceiling: float
) -> None:
    audio = make().astype(np.float32)
    result = guard(host, audio, audio, LoudnessTarget(lufs, ceiling), rate).decide(CHAIN.neutral, CHAIN.neutral, 1.0)
    made = rendered(host, audio, result, rate)
    loudness, peak = loudness_lufs(made, rate), true_peak_dbtp(made, rate)
    assert loudness == pytest.approx(lufs, abs=0.5)
    assert peak is not None and peak <= ceiling
    assert result.after.loudness_lufs == pytest.approx(loudness, abs=0.1)
    outcome = result.decision.loudness
    assert outcome is not None and outcome.kind is LoudnessKind.REACHED
    assert (outcome.loudness_lufs, outcome.true_peak_dbtp) == (result.after.loudness_lufs, result.after.true_peak_dbtp)


def test_what_the_limiter_cannot_reach_stays_below_the_ceiling(host: PluginHost) -> None:
    """At its most limiting this mix peaks 11.6 dB above its loudness, by exact interpolation between the samples: -11
    LUFS cannot be had at -0.3 dBTP, and it is the ceiling that holds."""
    audio = mix(peak=1.0, seed=2).astype(np.float32)
    result = guard(host, audio, audio, LoudnessTarget(-11.0, -0.3), RATE_HZ).decide(CHAIN.neutral, CHAIN.neutral, 1.0)
    made = rendered(host, audio, result, RATE_HZ)
    peak, loudness = true_peak_dbtp(made, RATE_HZ), loudness_lufs(made, RATE_HZ)
    assert peak is not None and -0.4 <= peak <= -0.3
    assert loudness is not None and -12.5 <= loudness < -11.5
    assert result.accepted is not None
    _, limiting_db, _ = LoudnessControls.of(CHAIN).read(result.accepted.normalized)
    assert limiting_db == pytest.approx(12.0, abs=0.1)


def test_what_cannot_be_reached_is_a_fact_and_the_ceiling_holds(host: PluginHost) -> None:
    clicks = np.zeros((2, 4 * RATE_HZ), np.float32)
    clicks[:, :: RATE_HZ // 2] = 0.7  # 30 dB between peak and loudness
    result = guard(host, clicks, clicks, LoudnessTarget(-8.0, -1.0), RATE_HZ).decide(CHAIN.neutral, CHAIN.neutral, 1.0)
    made = rendered(host, clicks, result, RATE_HZ)
    outcome = result.decision.loudness
    assert outcome is not None and outcome.kind is LoudnessKind.LIMITED
    assert (outcome.target_lufs, outcome.most_limiting_db) == (-8.0, pytest.approx(12.0, abs=0.1))
    assert result.accepted is not None
    assert LoudnessControls.of(CHAIN).read(result.accepted.normalized)[1] == pytest.approx(12.0, abs=0.1)
    assert true_peak_dbtp(made, RATE_HZ) <= -1.0


def test_tone_that_comes_closer_is_taken_whole_at_the_wanted_loudness(host: PluginHost) -> None:
    audio, wanted = mix(), with_bands(6.0, -4.0, 4.0, -6.0)
    reference = 2 * host.render(CHAIN, [RenderInput(audio, RATE_HZ, wanted)])[0]
    loudness = loudness_lufs(reference, RATE_HZ)
    assert loudness is not None
    loudness_guard = guard(host, audio, reference, LoudnessTarget(loudness, -1.0), RATE_HZ)
    result = loudness_guard.decide(CHAIN.neutral, wanted, 1.0)
    assert result.accepted is not None and result.accepted.amount == 1.0
    assert result.after.distance_db is not None and result.before.distance_db is not None
    assert result.after.distance_db < 0.3 * result.before.distance_db
    assert loudness_lufs(rendered(host, audio, result, RATE_HZ), RATE_HZ) == pytest.approx(loudness, abs=0.5)


def test_tone_that_leads_away_is_refused_and_the_loudness_reached_all_the_same(host: PluginHost) -> None:
    audio = mix()
    loudness_guard = guard(host, audio, audio, LoudnessTarget(-14.0, -1.0), RATE_HZ)
    result = loudness_guard.decide(CHAIN.neutral, with_bands(8.0, -8.0, 8.0, -8.0), 1.0)
    assert result.accepted is not None and result.accepted.amount == 0.0
    assert np.array_equal(result.accepted.normalized[1:5], CHAIN.neutral[1:5])
    assert result.decision.kind is DecisionKind.LOUDNESS_ONLY
    assert loudness_lufs(rendered(host, audio, result, RATE_HZ), RATE_HZ) == pytest.approx(-14.0, abs=0.5)


def test_a_file_is_not_brought_to_its_loudness_through_defaults_that_colour_it(host: PluginHost) -> None:
    """A file is heard without the chain so far: what the defaults do to its tone was not asked for."""
    audio, target = mix(), LoudnessTarget(-14.0, -1.0)
    guards = guard(host, audio, audio, target, RATE_HZ)
    on_file = replace(guards, renderer=replace(guards.renderer, is_dry=True))
    coloured = with_bands(8.0, -8.0, 8.0, -8.0)
    refused, plain = (on_file.decide(row, row, 1.0) for row in (coloured, CHAIN.neutral))
    assert refused.decision.kind is DecisionKind.NOT_CLOSER and refused.accepted is None
    assert refused.before.loudness_lufs == pytest.approx(loudness_lufs(audio, RATE_HZ), abs=0.01)
    assert plain.decision.kind is DecisionKind.LOUDNESS_ONLY


def test_the_two_parts_of_a_chain_are_the_chain(host: PluginHost) -> None:
    audio, row = mix(seconds=2.0), LoudnessControls.of(CHAIN).write(with_bands(3.0, 0.0, -3.0, 0.0), 4.0, 3.0, -1.0)
    split = split_at_limiter(CHAIN)
    before_limiter = host.render(split.tone, [RenderInput(audio, RATE_HZ, row[split.tone_controls])])[0]
    made = host.render(split.limiter, [RenderInput(before_limiter, RATE_HZ, row[split.limiter_controls])])[0]
    whole = host.render(CHAIN, [RenderInput(audio, RATE_HZ, row)])[0]
    np.testing.assert_allclose(made, whole, atol=1e-5)


def test_the_ceiling_alone_scales_exactly(host: PluginHost) -> None:
    """What the last step rests on: lowering the ceiling lowers everything by as much, limited or not."""
    controls, audio = LoudnessControls.of(CHAIN), mix(seconds=2.0, peak=1.0)
    rows = [controls.write(CHAIN.neutral, 6.0, 3.0, ceiling) for ceiling in (-1.0, -7.0)]
    high, low = host.render(CHAIN, [RenderInput(audio, RATE_HZ, row) for row in rows])
    np.testing.assert_allclose(low, high * db_to_amplitude(-6), atol=1e-4)


def test_a_chain_keeps_its_slots_when_split() -> None:
    split = split_at_limiter(CHAIN)
    assert isinstance(split.tone, Chain) and [slot.name for slot in split.tone.slots] == ["equaliser"]
    assert sorted([*split.tone_controls, *split.limiter_controls]) == list(range(len(CHAIN.controls)))
