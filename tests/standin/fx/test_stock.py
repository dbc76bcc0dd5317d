"""The doubles of ReaEQ and ReaComp: laws that no two seeds share, and sound that follows what is displayed."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.decibels import amplitude_to_db
from bridge.plugins.chain.display_law import parse_display
from bridge.standin import StandIn
from bridge.standin.faults import InjectedFailure
from bridge.standin.fx.display_laws import draw_display, draw_law
from bridge.standin.fx.stock import (
    BAND,
    BANDWIDTH,
    FREQUENCY,
    GAIN,
    HIGH_SHELF,
    HIPASS,
    LOPASS,
    LOW_SHELF,
    NOTCH,
    ReaCompDouble,
    ReaEqDouble,
)

RATE_HZ = 48000


def equaliser(seed: int = 0, low_cut: str = "on") -> ReaEqDouble:
    return ReaEqDouble(random.Random(seed), lambda: None, low_cut=low_cut)


def compressor(seed: int = 0) -> ReaCompDouble:
    return ReaCompDouble(random.Random(seed), lambda: None)


def gain_db(fx, frequency_hz: float) -> float:
    """What the FX does to a tone."""
    tone = 0.05 * np.sin(2 * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)[np.newaxis].repeat(
        2, 0
    )
    tail = slice(RATE_HZ // 2, None)
    output = fx.render(tone.astype(np.float32), RATE_HZ)
    return float(amplitude_to_db(np.sqrt((output[:, tail] ** 2).mean()) / np.sqrt((tone[:, tail] ** 2).mean())))


def name_of(fx: ReaEqDouble, band_type: int, kind: int, band: int = 0) -> str:
    index = fx.parameter_of(band_type, band, kind)
    assert index is not None
    return fx.parameters[index].name


@given(
    seed=st.integers(0, 10**6),
    axis=st.sampled_from(["linear", "log", "amplitude"]),
    positions=st.lists(st.floats(0, 1), min_size=2, max_size=8),
)
@settings(max_examples=200, deadline=None)
def test_laws_are_monotonic_and_invertible(seed: int, axis: str, positions: list[float]) -> None:
    low = -math.inf if axis == "amplitude" else 20.0
    law = draw_law(random.Random(seed), low, 24.0 if axis == "amplitude" else 20000.0, axis)
    values = [law.to_real(n) for n in sorted(positions)]
    assert values == sorted(values, reverse=law.is_falling)
    for normalized in positions:
        real = law.to_real(normalized)
        if math.isfinite(real):
            assert law.to_real(law.to_normalized(real)) == pytest.approx(real, rel=1e-6, abs=1e-6)


def test_no_two_seeds_agree() -> None:
    shown = {tuple(value for value, _ in compressor(seed).values().values()) for seed in range(20)}
    assert len(shown) == 20


def test_orders_differ_between_seeds() -> None:
    assert len({tuple(p.name for p in compressor(seed).parameters) for seed in range(12)}) > 3
    assert len({tuple(p.name for p in equaliser(seed).parameters) for seed in range(12)}) > 3


@pytest.mark.parametrize("seed", range(8))
def test_texts_are_numbers_that_people_read(seed: int) -> None:
    display = draw_display(random.Random(seed))
    for real, unit in ((1234.5, "Hz"), (-3.25, "dB"), (0.0, "dB"), (12.5, "ms"), (4.0, ":1"), (1.5, "oct")):
        assert parse_display(display.text(real, unit)) == pytest.approx(real, rel=0.01, abs=0.06)
    assert parse_display(display.text(-math.inf, "dB")) == -math.inf


def test_defaults_are_reapers() -> None:
    comp = compressor(3)
    assert comp.real_value("Ratio") == pytest.approx(4.0)
    assert comp.real_value("Thresh") == pytest.approx(0.0, abs=1e-9)
    assert comp.values()["Dry"][1] == "-inf"
    eq = equaliser(3, low_cut="missing")
    assert [gain_db(eq, f) for f in (100.0, 1000.0, 8000.0)] == pytest.approx([0, 0, 0], abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_a_band_lifts_its_frequency(seed: int) -> None:
    eq = equaliser(seed, low_cut="off")
    eq.set_real_value(name_of(eq, BAND, FREQUENCY, 1), 2000.0)
    eq.set_real_value(name_of(eq, BAND, GAIN, 1), 9.0)
    assert gain_db(eq, 2000.0) == pytest.approx(9.0, abs=0.3)
    assert gain_db(eq, 40.0) == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize(("band_type", "kept_hz", "cut_hz"), [(LOW_SHELF, 10000.0, 30.0), (HIGH_SHELF, 60.0, 18000.0)])
def test_a_shelf_lowers_its_side(band_type: int, kept_hz: float, cut_hz: float) -> None:
    eq = equaliser(2, low_cut="missing")
    eq.set_real_value(name_of(eq, band_type, GAIN), -9.0)
    assert gain_db(eq, cut_hz) == pytest.approx(-9.0, abs=1.0)
    assert gain_db(eq, kept_hz) == pytest.approx(0.0, abs=0.5)


def test_the_low_cut_falls_by_12_db_per_octave() -> None:
    eq = equaliser(1)
    eq.set_real_value(name_of(eq, HIPASS, FREQUENCY), 800.0)
    assert gain_db(eq, 100.0) - gain_db(eq, 50.0) == pytest.approx(12.0, abs=1.0)
    eq.enable_band(HIPASS, 0, False)
    assert gain_db(eq, 50.0) == pytest.approx(0.0, abs=0.05)


def test_the_compressor_follows_its_ratio() -> None:
    comp = compressor(5)
    for name, value in {"Thresh": -50.0, "Ratio": 4.0, "Attack": 1.0, "Release": 50.0}.items():
        comp.set_real_value(name, value)
    level_db = amplitude_to_db(0.05)  # peaks of the tone
    assert gain_db(comp, 1000.0) == pytest.approx(-(level_db + 50.0) * 0.75, abs=2.0)


def test_dry_and_wet_add_up() -> None:
    comp = compressor(6)
    comp.set_real_value("Wet", -6.0)
    assert gain_db(comp, 500.0) == pytest.approx(-6.0, abs=0.1)
    comp.set_real_value("Dry", -6.0)
    assert gain_db(comp, 500.0) == pytest.approx(0.0, abs=0.1)


def test_bypass_and_the_wet_pseudo_parameter() -> None:
    comp = compressor(6)
    comp.set_real_value("Wet", -12.0)
    comp.write(comp.find(":wet"), 0.0)
    assert gain_db(comp, 500.0) == pytest.approx(0.0, abs=0.01)
    comp.write(comp.find(":wet"), 1.0)
    comp.is_enabled = False
    assert gain_db(comp, 500.0) == pytest.approx(0.0, abs=0.01)


def test_roles_name_every_band() -> None:
    eq = equaliser(9)
    roles = [eq.eq_role(i) for i in range(eq.parameter_count)]
    assert roles[-3:] == [None, None, None]  # REAPER's own
    assert {(r.band_type, r.band_index) for r in roles if r} == {(0, 0), (1, 0), (2, 0), (2, 1), (4, 0), (-1, 0)}


# ---------------------------------------------------------------- FX that somebody has worked with


@pytest.mark.parametrize("seed", range(6))
def test_extra_bands_have_roles_names_and_sound(seed: int) -> None:
    eq = ReaEqDouble(random.Random(seed), lambda: None, low_cut="off", extra_bands=4)
    roles = [role for i in range(eq.parameter_count) if (role := eq.eq_role(i))]
    assert {(r.band_type, r.band_index) for r in roles} >= {(BAND, 3), (NOTCH, 0), (LOPASS, 0)}
    assert len({p.name for p in eq.parameters}) == len(eq.parameters) == 3 * 9 + 1
    eq.set_real_value(name_of(eq, NOTCH, FREQUENCY), 1000.0)
    eq.set_real_value(name_of(eq, NOTCH, BANDWIDTH), 0.3)
    eq.set_real_value(name_of(eq, LOPASS, FREQUENCY), 4000.0)
    assert gain_db(eq, 1000.0) < -20.0
    assert gain_db(eq, 200.0) == pytest.approx(0.0, abs=0.5)
    assert gain_db(eq, 16000.0) < -20.0


def test_a_used_equaliser_is_not_at_rest_and_the_same_for_a_seed() -> None:
    one, again, fresh = (ReaEqDouble(random.Random(5), lambda: None, is_used=used) for used in (True, True, False))
    assert one.values() == again.values()
    assert one.values()["Global Gain"] != fresh.values()["Global Gain"]
    shelf = name_of(one, LOW_SHELF, BANDWIDTH)
    assert one.values()[shelf] != fresh.values()[shelf]
    assert [law.to_real(0.3) for law in one.laws] == [law.to_real(0.3) for law in fresh.laws]


def test_a_used_compressor_is_not_at_rest() -> None:
    used, fresh = (ReaCompDouble(random.Random(5), lambda: None, is_used=is_used).values() for is_used in (True, False))
    moved = {name for name, value in used.items() if value != fresh[name]}
    assert moved == {"Knee", "RMS size", "Pre-comp", "Lowpass", "Hipass"}


@pytest.mark.parametrize(
    ("name", "filter_hz", "heard_hz", "unheard_hz"),
    [("Hipass", 5000.0, 8000.0, 100.0), ("Lowpass", 200.0, 100.0, 8000.0)],
)
def test_the_detector_hears_through_its_filters(
    name: str, filter_hz: float, heard_hz: float, unheard_hz: float
) -> None:
    comp = compressor(5)
    for knob, value in {"Thresh": -40.0, "Ratio": 10.0, "Attack": 1.0, "Release": 50.0, name: filter_hz}.items():
        comp.set_real_value(knob, value)
    assert gain_db(comp, heard_hz) < -6.0
    assert gain_db(comp, unheard_hz) == pytest.approx(0.0, abs=1.5)


def test_raw_ranges_differ_and_reaper_gives_values_in_them(tmp_path) -> None:
    ranges = {(p.low, p.high) for seed in range(6) for p in compressor(seed).parameters}
    assert len(ranges) > 2
    (tmp_path / "probe.lua").write_text("""
        local track = reaper.GetTrack(0, 0)
        for index = 0, reaper.TrackFX_GetNumParams(track, 0) - 1 do
            local value, low, high, middle = reaper.TrackFX_GetParamEx(track, 0, index)
            local normalized = reaper.TrackFX_GetParamNormalized(track, 0, index)
            assert(math.abs(low + normalized * (high - low) - value) < 1e-9 and middle == (low + high) / 2)
            reaper.ShowConsoleMsg(low .. " " .. high)
        end
    """)
    with StandIn(tmp_path / "home", seed=3, scripts=tmp_path) as reaper:
        comp = reaper.project.add_track("Bass").add_fx("ReaComp")
        reaper.run_action("probe.lua")
        told = reaper.messages.console[: len(comp.parameters)]
        assert told == [f"{p.low} {p.high}" for p in comp.parameters]


# ---------------------------------------------------------------- ordered faults


def test_ordered_faults() -> None:
    comp = compressor(1)
    threshold, ratio, attack, release = (comp.index(name) for name in ("Thresh", "Ratio", "Attack", "Release"))
    before = comp.read_normalized(ratio)
    comp.fault("Thresh", step=0.25)
    comp.fault("Ratio", is_refused=True)
    comp.fault("Attack", is_late=True)
    comp.fault("Release", is_failing=True)
    for index in (threshold, ratio, attack):
        comp.write(index, 0.7)
    assert (comp.read_normalized(threshold), comp.read_normalized(ratio)) == (0.75, before)
    assert comp.read_normalized(attack) != 0.7
    comp.tick()
    assert comp.read_normalized(attack) == 0.7
    with pytest.raises(InjectedFailure, match="Release"):
        comp.write(release, 0.5)
