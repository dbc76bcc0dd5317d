"""The doubles of ReaGate, ReaXcomp and ReaLimit: what is known of them holds, whatever laws are drawn."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bridge.standin.fx.stock_dynamics import ReaGateDouble, ReaXcompDouble
from bridge.standin.fx.stock_fx import StockFxDouble
from bridge.standin.fx.stock_limiter import ReaLimitDouble

RATE_HZ = 48_000
ORDER = {
    ReaGateDouble: (
        "Threshold Attack Release Pre-open Hold Lowpass Hipass SignIn AudIn Dry Wet Noise_level Hysteresis "
        "Preview_Filter RMS_size Send_MIDI Midi_Note Midi_Channel Invert_Wet Multichannel_Mode Metering_Index"
    ),
    ReaLimitDouble: "Threshold Ceiling Release",
}


def noise(level: float) -> np.ndarray:
    return (level * np.random.default_rng(0).standard_normal((2, RATE_HZ))).astype(np.float32)


def made(kind: type[StockFxDouble], seed: int = 0, **options: object) -> StockFxDouble:
    return kind(random.Random(seed), lambda: None, **options)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [ReaGateDouble, ReaLimitDouble])
def test_parameters_stand_in_reapers_order(kind: type[StockFxDouble]) -> None:
    assert [p.name.replace(" ", "_") for p in made(kind).parameters] == ORDER[kind].split()


def test_a_multiband_has_twelve_parameters_a_band() -> None:
    names = [p.name for p in made(ReaXcompDouble).parameters]
    assert len(names) == 48
    assert (names[0], names[11], names[36]) == ("1-Band top frequency", "1-Active", "4-Band top frequency")


@pytest.mark.parametrize("kind", [ReaGateDouble, ReaXcompDouble, ReaLimitDouble])
@pytest.mark.parametrize("seed", range(3))
def test_as_they_come_soft_sound_passes_unchanged(kind: type[StockFxDouble], seed: int) -> None:
    audio = noise(0.02)
    assert made(kind, seed).render(audio, RATE_HZ) == pytest.approx(audio, abs=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_a_closed_gate_leaves_the_dry_signal(seed: int) -> None:
    gate, audio = made(ReaGateDouble, seed), noise(0.01)
    gate.set_real_value("Threshold", 0.0)
    gate.set_real_value("Dry", -20.0)
    closed = gate.render(audio, RATE_HZ)[:, RATE_HZ // 2 :]
    ratio = np.sqrt(np.mean(closed**2) / np.mean(audio[:, RATE_HZ // 2 :] ** 2))
    assert 20 * np.log10(ratio) == pytest.approx(-20.0, abs=0.5)


@pytest.mark.parametrize("lifts", [True, False])
def test_nothing_passes_the_ceiling_and_only_one_that_lifts_makes_it_louder(lifts: bool) -> None:
    limiter, audio = made(ReaLimitDouble, lifts=lifts), noise(0.1)
    limiter.set_real_value("Threshold", -12.0)
    limiter.set_real_value("Ceiling", -3.0)
    limited = limiter.render(audio, RATE_HZ)
    assert np.abs(limited).max() <= 10 ** (-3.0 / 20) + 1e-4
    assert bool(np.mean(limited**2) > np.mean(audio**2)) is lifts
