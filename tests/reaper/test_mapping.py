"""A chain on a user's track: found by identity, read and written by displayed value, everything else left alone."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.plugins.chain import Slot
from bridge.plugins.parameter import Control, DisplayLaw
from bridge.reaper.mapping import map_chain
from bridge.reaper.messages import Change, Write

LIMITS = {"dB": 0.1, "Hz": 0.01, "ms": 0.05, "": 0.05}


def why(mapping, what: str) -> str:
    return "; ".join(row.why for row in mapping.left_alone if row.what == what)


def real(mapping, label: str, values) -> float:
    index = mapping.chain.index(label)
    return mapping.chain.controls[index].real_value(float(values[index]))


def judged_slots(mapping) -> list[str]:
    return [slot.name for slot in mapping.judged_chain.slots]


def judged(mapping, settings) -> dict[str, float]:
    """What is rendered for `settings`, as real values by slot.control."""
    row = mapping.judged_settings(settings)
    controls = mapping.judged_chain.controls
    return {c.label: c.real_value(float(value)) for c, value in zip(controls, row, strict=True)}


def changed(fx, wanted: str, **fields):
    """`fx` with fields of the parameter called `wanted` replaced."""
    parameters = tuple(msgspec.structs.replace(p, **fields) if p.name == wanted else p for p in fx.parameters)
    assert parameters != fx.parameters, wanted
    return msgspec.structs.replace(fx, parameters=parameters)


def with_real(mapping, **wanted) -> np.ndarray:
    """Current settings with some controls (slot__name=real value) moved."""
    values = mapping.current.copy()
    for name, value in wanted.items():
        slot, _, control = name.partition("__")
        index = mapping.chain.index(f"{slot}.{control}")
        values[index] = mapping.chain.controls[index].normalized(value)
    return values


# ---------------------------------------------------------------- REAPER's stock FX


def test_a_strip_finds_its_home_in_rea_eq_and_rea_comp(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp()])
    assert mapping.free.all()
    assert mapping.share_matched == 1.0
    assert mapping.missing == ()
    assert mapping.left_alone == ()
    assert real(mapping, "peak_low.cutoff_frequency_hz", mapping.current) == pytest.approx(300, rel=0.002)
    assert real(mapping, "peak_low.q", mapping.current) == pytest.approx(0.99, abs=0.02)  # 1.4 octaves
    assert real(mapping, "compressor.ratio", mapping.current) == pytest.approx(1.0, abs=0.01)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_what_is_written_is_what_the_fx_then_displays(desk, data) -> None:
    """Whatever laws the FX have: the value that a write produces is the wanted one, within what can be displayed."""
    hz = desk.Law(
        20.0, data.draw(st.sampled_from([20000.0, 24000.0])), " Hz",
        bend=data.draw(st.floats(0.7, 1.4)), is_log=data.draw(st.booleans()), decimals=1,
    )  # fmt: skip
    gain = desk.Law(
        -data.draw(st.floats(18, 60)), data.draw(st.floats(18, 24)), " dB", bend=data.draw(st.floats(0.6, 2))
    )
    octaves = desk.Law(0.01, 4.0, data.draw(st.sampled_from(["", " oct"])), bend=data.draw(st.floats(0.7, 1.5)))
    mapping = map_chain(desk.strip(), [desk.rea_eq(hz=hz, gain=gain, octaves=octaves)])
    wanted = with_real(
        mapping,
        peak_low__cutoff_frequency_hz=data.draw(st.floats(150, 1200)),
        peak_low__gain_db=data.draw(st.floats(-15, 15)),
        peak_low__q=data.draw(st.floats(0.4, 4)),
    )
    after = mapping.realizable(wanted)
    laws = {"frequency": hz, "gain": gain, "q": octaves}
    written = {write.index: write.normalized for write in mapping.writes(after)}
    for control in ("cutoff_frequency_hz", "gain_db", "q"):
        index = mapping.chain.index(f"peak_low.{control}")
        parameter = mapping.translations[index].place.parameter
        law = laws[parameter.eq.kind]
        shown = law.value(written.get(parameter.index, parameter.normalized))
        value = real(mapping, f"peak_low.{control}", wanted)
        value = 2 / math.log(2) * math.asinh(1 / (2 * value)) if control == "q" else value
        cell = max(
            abs(law.value((k + 1) / 32) - law.value(k / 32)) for k in range(32) if law.value(k / 32) <= value + 1
        )
        assert abs(shown - value) <= 0.02 + 0.03 * abs(value) + 0.1 * cell, control


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), steps=st.sampled_from([0, 0, 24, 100]))
def test_what_is_realizable_stays_as_it_is(desk, seed, steps) -> None:
    eq = desk.rea_eq(gain=desk.Law(-24.0, 24.0, " dB", steps=steps))
    mapping = map_chain(desk.strip(), [eq, desk.rea_comp()])
    wild = np.random.default_rng(seed).uniform(-0.5, 1.5, len(mapping.current)).astype(np.float32)
    once = mapping.realizable(wild)
    np.testing.assert_allclose(mapping.realizable(once), once, atol=2e-4)
    assert np.isfinite(once).all()


def test_settings_that_do_not_move_are_not_written(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp()])
    np.testing.assert_array_equal(mapping.realizable(mapping.current), mapping.current)
    assert mapping.writes(mapping.current) == ()
    assert mapping.changes(mapping.current, np.ones_like(mapping.current)) == ()


def test_a_move_that_the_fx_would_not_show_is_none(desk) -> None:
    eq = desk.rea_eq(gain=desk.Law(-24.0, 24.0, " dB", decimals=0))
    mapping = map_chain(desk.strip(), [eq])
    wanted = with_real(mapping, peak_low__gain_db=0.2)
    np.testing.assert_array_equal(mapping.realizable(wanted), mapping.current)


def test_only_the_moved_controls_of_an_active_band_are_written(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp()])
    after = mapping.realizable(with_real(mapping, peak_high__gain_db=4.0))
    (write,) = mapping.writes(after)
    assert isinstance(write, Write)
    assert write.ident == "7:Gain-Band 3"
    assert write.before == pytest.approx(0.5)
    assert write.expected_text == "4.00 dB"
    assert write.normalized == pytest.approx(28 / 48, abs=1e-3)
    assert 0 < write.tolerance < 0.01
    assert write.eq_band is None
    (change,) = mapping.changes(after, np.full_like(after, 0.7))
    assert isinstance(change, Change)
    assert (change.slot, change.control, change.unit, change.text) == ("peak_high", "gain_db", "dB", "4.00 dB")
    assert change.confidence == pytest.approx(0.7)


def test_a_band_that_is_off_counts_as_neutral_and_is_enabled_before_writing(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp()])
    assert real(mapping, "low_cut.cutoff_frequency_hz", mapping.current) == pytest.approx(20)  # not the band's 80 Hz
    after = mapping.realizable(with_real(mapping, low_cut__cutoff_frequency_hz=120.0))
    (write,) = mapping.writes(after)
    assert write.eq_band is not None
    assert (write.eq_band.band_type, write.eq_band.enabled) == (0, True)
    assert write.expected_text.startswith("120")
    (change,) = mapping.changes(after, np.ones_like(after))
    assert change.before is None


def test_a_slot_that_is_set_gets_its_fixed_settings_too(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(((1, 0, True, 100.0, 0.0, 0.5),))])
    writes = mapping.writes(mapping.realizable(with_real(mapping, low_shelf__gain_db=3.0)))
    assert [write.ident for write in writes] == ["1:Gain-Band 1", "2:BW-Band 1"]
    assert float(writes[1].expected_text) == pytest.approx(1.90, abs=0.02)  # Q 0.707


def test_peaks_take_the_bands_nearest_to_their_ranges_in_rising_order(desk) -> None:
    bands = (
        (2, 0, True, 5000.0, 0, 1),
        (2, 1, True, 60.0, 0, 1),
        (2, 2, True, 400.0, 0, 1),
        (2, 3, True, 9000.0, 0, 1),
    )
    mapping = map_chain(desk.strip(), [desk.rea_eq(bands)])
    assert real(mapping, "peak_low.cutoff_frequency_hz", mapping.current) == pytest.approx(400, rel=0.01)
    assert real(mapping, "peak_high.cutoff_frequency_hz", mapping.current) == pytest.approx(5000, rel=0.01)


def test_a_band_that_rea_eq_lacks_is_said(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(((2, 0, True, 400.0, 0, 1),))])
    assert "add one" in why(mapping, "low_cut")
    assert "add one" in why(mapping, "peak_high")
    assert not mapping.free[mapping.chain.index("low_cut.cutoff_frequency_hz")]
    assert mapping.free[mapping.chain.index("peak_low.gain_db")]


def test_a_band_at_a_frequency_that_no_peak_may_have_is_still_read_as_it_is(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(((2, 0, True, 60.0, 20.0, 1),))])
    assert real(mapping, "peak_low.gain_db", mapping.current) == pytest.approx(20, abs=0.1)  # the range ends at 15
    assert real(mapping, "peak_low.cutoff_frequency_hz", mapping.current) == pytest.approx(60, rel=0.01)


def test_wet_is_the_output_gain_and_dry_must_be_silent(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp()])
    assert real(mapping, "output.gain_db", mapping.current) == pytest.approx(0.0, abs=0.1)
    mixed = map_chain(desk.strip(), [desk.rea_comp(dry="-6.0 dB")])
    assert not mixed.free.any()
    assert "set Dry to -inf" in why(mixed, "VST: ReaComp (Cockos)")


def test_a_compressor_that_makes_up_gain_by_itself_is_left_alone(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp(auto_gain=1.0)])
    assert not mapping.free.any()
    assert "auto make-up" in why(mapping, "VST: ReaComp (Cockos)")


@pytest.mark.parametrize(
    ("name", "plain", "harmful", "remedy"),
    [
        ("Auto Release", (0.0, "Off"), (1.0, "On"), "switch Auto Release off"),
        ("Hipass", (0.1, "40 Hz"), (0.4, "180 Hz"), "Hipass to 40 Hz"),
        ("Lowpass", (1.0, "20.0 kHz"), (0.4, "1200 Hz"), "Lowpass to 15 kHz"),
        ("Pre-comp", (0.01, "2.0 ms"), (0.1, "25 ms"), "Pre-comp to 2 ms"),
        ("Knee", (0.1, "6.0 dB"), (0.5, "12.0 dB"), "Knee to 6 dB"),
        ("RMS size", (0.03, "30 ms"), (0.5, "0.5 s"), "RMS size to 30 ms"),
    ],
)
def test_a_compressor_that_is_no_plain_one_is_left_alone(desk, name, plain, harmful, remedy) -> None:
    assert map_chain(desk.strip(), [desk.rea_comp(beside={name: plain})]).free.any()
    mapping = map_chain(desk.strip(), [desk.rea_comp(beside={name: harmful})])
    assert not mapping.free.any()
    assert remedy in why(mapping, "VST: ReaComp (Cockos)")


def test_all_that_must_be_mended_is_said_at_once(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp(auto_gain=1.0, beside={"Knee": (1.0, "24.0 dB")})])
    assert "auto make-up off; it sets in softly: set Knee" in why(mapping, "VST: ReaComp (Cockos)")


def test_the_slots_stand_in_the_order_of_the_track(desk) -> None:
    in_order = map_chain(desk.strip(), [desk.rea_eq(index=0), desk.rea_comp(index=1)])
    assert judged_slots(in_order) == ["low_cut", "low_shelf", "peak_low", "peak_high", "compressor", "output"]
    turned = map_chain(desk.strip(), [desk.rea_comp(index=0), desk.rea_eq(index=1)])
    assert judged_slots(turned) == ["compressor", "output", "low_cut", "low_shelf", "peak_low", "peak_high"]
    after = turned.realizable(np.linspace(0.2, 0.8, len(turned.current), dtype=np.float32))
    assert judged(turned, after)["peak_high.gain_db"] == pytest.approx(
        real(turned, "peak_high.gain_db", after), abs=1e-3
    )
    assert judged(turned, after)["compressor.ratio"] == pytest.approx(real(turned, "compressor.ratio", after), abs=1e-3)


def test_writes_come_in_the_order_of_fx_and_parameters(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp(index=0), desk.rea_eq(index=1)])
    after = mapping.realizable(np.full_like(mapping.current, 0.3))
    writes = mapping.writes(after)
    order = {fx.guid: fx.index for fx in (t.place.fx for t in mapping.translations.values())}
    places = [(order[write.fx_guid], write.index) for write in writes]
    assert places == sorted(places)
    assert len(places) == len(set(places)) > 10


# ---------------------------------------------------------------- what is judged

PEAKS = ((2, 0, True, 300.0, 0.0, 1.4), (2, 1, True, 3000.0, 0.0, 1.4))


def test_slots_without_a_home_are_not_judged(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(PEAKS)])
    assert judged_slots(mapping) == ["peak_low", "peak_high"]


def test_master_gain_and_bands_without_slot_are_judged_as_they_stand(desk) -> None:
    over = ((2, 2, True, 15000.0, 5.0, 1.0), (4, 0, True, 9000.0, -6.0, 1.9), (5, 0, True, 12000.0, 0.0, 2.0))
    chain = desk.chain(*(slot for slot in desk.strip().slots if slot.name.startswith("peak")))
    mapping = map_chain(chain, [desk.rea_eq((*PEAKS, *over), master_gain_db=7.5)])
    assert mapping.left_alone == ()
    slots = {slot.plugin: slot.name for slot in mapping.judged_chain.slots[2:]}
    assert list(slots) == [
        "builtin:PeakFilter", "builtin:HighShelfFilter", "builtin:LowpassFilter", "builtin:Gain",
    ]  # fmt: skip
    for settings in (mapping.current, mapping.realizable(with_real(mapping, peak_low__gain_db=5.0))):
        values = judged(mapping, settings)
        assert values[slots["builtin:Gain"] + ".gain_db"] == pytest.approx(7.5, abs=0.02)
        assert values[slots["builtin:PeakFilter"] + ".cutoff_frequency_hz"] == pytest.approx(15000, rel=0.002)
        assert values[slots["builtin:PeakFilter"] + ".q"] == pytest.approx(math.sqrt(2), abs=0.02)
        assert values[slots["builtin:HighShelfFilter"] + ".gain_db"] == pytest.approx(-6.0, abs=0.02)
        assert values[slots["builtin:LowpassFilter"] + ".cutoff_frequency_hz"] == pytest.approx(12000, rel=0.002)


def test_bands_that_do_nothing_are_not_judged(desk) -> None:
    idle = ((2, 2, False, 15000.0, 9.0, 1.0), (4, 0, True, 9000.0, 0.0, 1.9), (3, 0, False, 50.0, 0.0, 1.0))
    chain = desk.chain(*(slot for slot in desk.strip().slots if slot.name.startswith("peak")))
    mapping = map_chain(chain, [desk.rea_eq((*PEAKS, *idle), master_gain_db=0.0)])
    assert judged_slots(mapping) == ["peak_low", "peak_high"]
    assert mapping.free.all()


@pytest.mark.parametrize(("band_type", "said"), [(3, "a notch"), (6, "a band pass"), (9, "a band of type 9")])
def test_an_eq_with_a_band_that_cannot_be_rendered_is_left_alone(desk, band_type: int, said: str) -> None:
    eq = desk.rea_eq((*PEAKS, (band_type, 0, True, 50.0, 0.0, 1.0)))
    mapping = map_chain(desk.strip(), [eq, desk.rea_comp()])
    assert f"has {said} switched on" in why(mapping, eq.name)
    assert "switch that band off" in why(mapping, eq.name)
    assert judged_slots(mapping) == ["compressor", "output"]
    assert not mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert all(write.fx_guid != eq.guid for write in mapping.writes(np.full_like(mapping.current, 0.3)))


def test_an_eq_with_a_band_that_cannot_be_read_is_left_alone(desk) -> None:
    eq = changed(desk.rea_eq((*PEAKS, (2, 2, True, 15000.0, 5.0, 1.0))), "Gain-Band 3", grid=())
    mapping = map_chain(desk.strip(), [eq])
    assert "Gain-Band 3: what it displays is no rising or falling row" in why(mapping, eq.name)
    assert not mapping.free.any()


def test_a_fixed_setting_is_the_users_until_its_slot_is_set(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5), *PEAKS))])
    users_q = 1 / (2 * math.sinh(math.log(2) / 2 * 0.5))
    elsewhere = mapping.realizable(with_real(mapping, peak_low__gain_db=5.0))
    assert judged(mapping, mapping.current)["low_shelf.q"] == pytest.approx(users_q, rel=0.02)
    assert judged(mapping, elsewhere)["low_shelf.q"] == pytest.approx(users_q, rel=0.02)
    after = mapping.realizable(with_real(mapping, low_shelf__gain_db=-3.0))
    assert judged(mapping, after)["low_shelf.q"] == pytest.approx(0.707, abs=0.01)


def test_a_fixed_setting_that_stands_already_stays_fixed(desk) -> None:
    octaves = 2 / math.log(2) * math.asinh(1 / (2 * 0.707))
    mapping = map_chain(desk.strip(), [desk.rea_eq(((1, 0, True, 100.0, 3.0, octaves),))])
    assert mapping.judged_chain.slots[0].fixed == {"q": 0.707}
    writes = mapping.writes(mapping.realizable(with_real(mapping, low_shelf__gain_db=-3.0)))
    assert [write.ident for write in writes] == ["1:Gain-Band 1"]


@pytest.mark.parametrize(
    ("fields", "said"), [({"automated": True}, "envelope"), ({"grid": ()}, "no rising or falling")]
)
def test_a_slot_whose_fixed_setting_cannot_be_set_is_left_alone(desk, fields, said: str) -> None:
    eq = changed(desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5),)), "BW-Band 1", **fields)
    mapping = map_chain(desk.strip(), [eq])
    assert said in why(mapping, "low_shelf")
    assert not mapping.free.any()


def test_a_slot_whose_fixed_setting_the_fx_does_not_have_is_left_alone(desk) -> None:
    eq = desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5),))
    bare = msgspec.structs.replace(eq, parameters=eq.parameters[:2])
    mapping = map_chain(desk.strip(), [bare])
    assert "shows no parameter for q" in why(mapping, "low_shelf")
    assert not mapping.free.any()


def test_a_slot_held_by_an_envelope_is_judged_as_it_stands(desk) -> None:
    eq = changed(desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5), *PEAKS)), "BW-Band 1", automated=True)
    mapping = map_chain(desk.strip(), [eq])
    after = mapping.realizable(with_real(mapping, low_shelf__gain_db=-9.0, peak_low__gain_db=4.0))
    for settings in (mapping.current, after):
        assert judged(mapping, settings)["low_shelf.gain_db"] == pytest.approx(3.0, abs=0.02)
        assert judged(mapping, settings)["low_shelf.q"] == pytest.approx(2.87, abs=0.05)
    assert {write.ident for write in mapping.writes(after)} == {"4:Gain-Band 2"}


# ---------------------------------------------------------------- bands that are switched off


def test_a_band_that_shows_all_its_values_already_is_still_enabled(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(((2, 0, False, 400.0, 6.0, 1.4),))])
    shown = {"gain_db": 6.0, "cutoff_frequency_hz": 400.0, "q": 1.0 / (2 * math.sinh(math.log(2) / 2 * 1.4))}
    wanted = with_real(mapping, **{f"peak_low__{name}": value for name, value in shown.items()})
    after = mapping.realizable(wanted)
    assert judged(mapping, after)["peak_low.gain_db"] == pytest.approx(6.0, abs=0.02)
    writes = mapping.writes(after)
    assert [write.normalized for write in writes] == [write.before for write in writes]
    assert all(write.eq_band is not None and write.eq_band.enabled for write in writes)
    assert len(writes) == 3


def test_a_band_wakes_with_the_value_that_an_envelope_holds(desk) -> None:
    eq = changed(desk.rea_eq(((2, 0, False, 400.0, 6.0, 1.4),)), "Gain-Band 1", automated=True)
    mapping = map_chain(desk.strip(), [eq])
    assert judged(mapping, mapping.current)["peak_low.gain_db"] == pytest.approx(0.0)
    after = mapping.realizable(with_real(mapping, peak_low__q=3.0))
    assert judged(mapping, after)["peak_low.gain_db"] == pytest.approx(6.0, abs=0.02)
    assert {write.ident for write in mapping.writes(after)} == {"0:Freq-Band 1", "2:BW-Band 1"}


# ---------------------------------------------------------------- steps of parameters


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-24.0, 24.0), (20.0, 24000.0)])
def test_steps_count_in_the_range_of_the_parameter(desk, low: float, high: float) -> None:
    """A gain in 24 steps, whatever REAPER calls the ends of its range."""
    eq = desk.rea_eq(((2, 0, True, 400.0, 0.0, 1.4),), gain=desk.Law(-24.0, 24.0, " dB", steps=24))
    eq = changed(eq, "Gain-Band 1", min=low, max=high, mid=(low + high) / 2, step=(high - low) / 24)
    mapping = map_chain(desk.strip(), [eq])
    after = mapping.realizable(with_real(mapping, peak_low__gain_db=5.1))
    assert real(mapping, "peak_low.gain_db", after) == pytest.approx(6.0, abs=0.01)  # in steps of 2 dB
    (write,) = mapping.writes(after)
    assert write.normalized * 24 == pytest.approx(15.0, abs=1e-6)
    assert write.tolerance == pytest.approx(1 / 48, rel=0.3)


# ---------------------------------------------------------------- what is left alone, and why


def test_foreign_bypassed_offline_and_second_fx_are_named(desk) -> None:
    reverb = desk.fx("ReaVerbate", [desk.parameter("Wet", desk.Law(-60, 12, " dB"), -6.0)], index=5)
    second = desk.rea_eq(index=6, name="EQ to taste")
    sleeping = desk.fx("ReaDelay", [], index=7, enabled=False)
    away = desk.fx("ReaGate", [], index=8, offline=True)
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp(), reverb, second, sleeping, away])
    assert "does not set it" in why(mapping, "VST: ReaVerbate (Cockos)")
    assert "only the first" in why(mapping, "EQ to taste")
    assert "bypassed" in why(mapping, "VST: ReaDelay (Cockos)")
    assert "offline" in why(mapping, "VST: ReaGate (Cockos)")
    written = {write.fx_guid for write in mapping.writes(mapping.realizable(np.full_like(mapping.current, 0.3)))}
    assert not written & {reverb.guid, second.guid, sleeping.guid, away.guid}


def test_a_bypassed_eq_is_no_home_and_no_reason_to_add_another(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(enabled=False), desk.rea_comp()])
    assert mapping.missing == ()
    assert not mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert "bypassed" in why(mapping, "VST: ReaEQ (Cockos)")


def test_an_fx_that_mixes_the_untouched_sound_in_is_no_home(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(wet=0.5), desk.rea_comp(wet=0.9995)])
    assert mapping.missing == ()
    assert "set its Wet knob to 100 %" in why(mapping, "VST: ReaEQ (Cockos)")
    assert not mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert mapping.free[mapping.chain.index("compressor.ratio")]


def test_an_empty_track_lacks_both(desk) -> None:
    mapping = map_chain(desk.strip(), [])
    assert mapping.missing == ("ReaEQ", "ReaComp")
    assert not mapping.free.any()
    np.testing.assert_array_equal(mapping.current, mapping.chain.neutral)


def test_an_automated_parameter_is_read_but_not_written(desk) -> None:
    eq = desk.rea_eq(((2, 0, True, 400.0, 6.0, 1.4),))
    parameters = tuple(msgspec.structs.replace(p, automated=True) if p.eq.kind == "gain" else p for p in eq.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(eq, parameters=parameters)])
    index = mapping.chain.index("peak_low.gain_db")
    assert not mapping.free[index]
    assert real(mapping, "peak_low.gain_db", mapping.current) == pytest.approx(6, abs=0.1)
    assert "envelope" in why(mapping, "peak_low.gain_db")
    after = mapping.realizable(with_real(mapping, peak_low__gain_db=-6.0, peak_low__q=2.0))
    assert after[index] == mapping.current[index]
    assert all("Gain" not in write.ident for write in mapping.writes(after))


def test_a_slot_of_which_a_part_cannot_be_read_is_left_alone(desk) -> None:
    comp = desk.rea_comp()
    bare = tuple(msgspec.structs.replace(p, grid=()) if p.name == "Ratio" else p for p in comp.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(comp, parameters=bare)])
    assert "Ratio: what it displays is no rising or falling row" in why(mapping, "compressor")
    assert "compressor in it is heard and cannot be read" in why(mapping, "VST: ReaComp (Cockos)")
    assert not mapping.free.any()
    assert judged_slots(mapping) == []


def test_a_sleeping_band_that_cannot_be_read_holds_nothing_up(desk) -> None:
    eq = desk.rea_eq()
    bare = tuple(msgspec.structs.replace(p, grid=()) if p.eq.band_type == 0 else p for p in eq.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(eq, parameters=bare)])
    assert "no rising or falling row" in why(mapping, "low_cut")
    assert mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert "low_cut" not in judged_slots(mapping)


def test_a_text_that_its_own_grid_does_not_confirm_is_not_believed(desk) -> None:
    eq = desk.rea_eq(((2, 0, True, 400.0, 6.0, 1.4),))
    late = tuple(msgspec.structs.replace(p, text="-18.00 dB") if p.eq.kind == "gain" else p for p in eq.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(eq, parameters=late)])
    assert "does not confirm" in why(mapping, "peak_low")
    assert not mapping.free.any()


# ---------------------------------------------------------------- the same plugin in both places


def vst3_chain(desk, plugin: str = "vst3:ZamCompX2"):
    grid = tuple(point / 16 for point in range(17))
    threshold = Control(
        slot="comp", name="Threshold", unit="dB", law=DisplayLaw(grid=grid, shown=tuple(-80 + 80 * n for n in grid))
    )
    attack = Control(
        slot="comp", name="Attack", unit="ms", law=DisplayLaw(grid=grid, shown=tuple(0.1 + 99.9 * n for n in grid))
    )
    return desk.chain(Slot(name="comp", plugin=plugin, controls=(threshold, attack)))


def zam(desk, *, has_grid: bool = False, **more):
    laws = {"Attack": desk.Law(0.1, 100.0, " ms"), "Threshold": desk.Law(-80.0, 0.0, " dB")}
    parameters = [  # another order than the chain's
        desk.parameter("Attack", laws["Attack"], 10.0, index=0, has_grid=has_grid),
        desk.parameter("Threshold", more.pop("threshold", laws["Threshold"]), -20.0, index=1, has_grid=has_grid),
    ]
    values = {
        "type": "VST3",
        "ident": "/usr/lib/vst3/ZamCompX2.vst3<123456",
        "name": "Vocal squeezer",
        "original_name": "VST3: ZamCompX2 (Damien Zammit)",
    }
    return desk.fx("ZamCompX2", parameters, **{**values, **more})


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"ident": r"C:\Program Files\Common Files\VST3\ZamCompX2.vst3<123456"},
        {"ident": "/Library/Audio/Plug-Ins/VST3/ZamCompX2.vst3/Contents/MacOS/ZamCompX2<99{ABC"},
        {"ident": "ZamCompX2.vst3", "original_name": ""},
        {"ident": "", "original_name": "VST3: ZamCompX2 (Damien Zammit)"},
    ],
)
def test_the_same_plugin_shares_its_normalized_values(desk, names) -> None:
    mapping = map_chain(vst3_chain(desk), [zam(desk, **names)])
    assert mapping.free.all()
    np.testing.assert_allclose(mapping.current, [0.75, (10 - 0.1) / 99.9], atol=1e-6)
    after = mapping.realizable(np.array([0.5, 0.25], dtype=np.float32))
    writes = mapping.writes(after)
    assert [(write.ident, write.normalized) for write in writes] == [
        ("0:Attack", pytest.approx(0.25)),
        ("1:Threshold", pytest.approx(0.5)),
    ]


@pytest.mark.parametrize(
    "names",
    [
        {"type": "VST", "ident": "ZamCompX2.so", "original_name": "VST: ZamCompX2 (Damien Zammit)"},
        {"ident": "/usr/lib/vst3/ZamComp.vst3<1", "original_name": "VST3: ZamComp (Damien Zammit)"},
        {"ident": "/usr/lib/vst3/Other.vst3<1", "original_name": "VST3: ZamCompX2000 (Somebody)"},
        {"name": "ZamCompX2", "ident": "/usr/lib/vst3/Other.vst3<1", "original_name": "VST3: Other (Somebody)"},
    ],
    ids=["VST2", "another plugin", "a longer name", "renamed by the user"],
)
def test_another_plugin_is_no_home(desk, names) -> None:
    mapping = map_chain(vst3_chain(desk), [zam(desk, **names)])
    assert not mapping.free.any()
    assert mapping.missing == ("VST3: ZamCompX2",)


def test_a_plugin_that_displays_something_else_goes_by_its_displayed_values(desk) -> None:
    other = desk.Law(-60.0, 0.0, " dB")
    mapping = map_chain(vst3_chain(desk), [zam(desk, has_grid=True, threshold=other)])
    index = mapping.chain.index("comp.Threshold")
    assert mapping.current[index] == pytest.approx(0.75, abs=1e-3)  # -20 dB of -80..0
    after = mapping.realizable(np.array([0.5, mapping.current[1]], dtype=np.float32))
    (write,) = mapping.writes(after)
    assert other.value(write.normalized) == pytest.approx(-40.0, abs=0.05)


def test_without_a_grid_a_plugin_that_displays_something_else_is_left_alone(desk) -> None:
    mapping = map_chain(vst3_chain(desk), [zam(desk, threshold=desk.Law(-60.0, 0.0, " dB"))])
    assert not mapping.free.any()
    assert "Threshold" in why(mapping, "comp")


def test_a_plugin_without_one_of_the_parameters_is_left_alone(desk) -> None:
    bare = zam(desk)
    mapping = map_chain(vst3_chain(desk), [msgspec.structs.replace(bare, parameters=bare.parameters[:1])])
    assert not mapping.free.any()
    assert "shows no parameter for Threshold" in why(mapping, "comp")


def test_fixed_settings_of_the_same_plugin_are_written_as_they_are(desk) -> None:
    slot = vst3_chain(desk).slots[0]
    fixed = desk.chain(msgspec.structs.replace(slot, controls=slot.controls[:1], fixed={"Attack": 0.125}))
    mapping = map_chain(fixed, [zam(desk)])
    writes = mapping.writes(mapping.realizable(np.array([0.5], dtype=np.float32)))
    assert [(write.ident, write.normalized) for write in writes] == [
        ("0:Attack", pytest.approx(0.125)),
        ("1:Threshold", pytest.approx(0.5)),
    ]


def test_two_slots_of_one_plugin_take_two_instances_and_a_third_is_left_alone(desk) -> None:
    one = vst3_chain(desk).slots[0]
    controls = tuple(msgspec.structs.replace(control, slot="again") for control in one.controls)
    chain = desk.chain(one, Slot(name="again", plugin="vst3:ZamCompX2", controls=controls))
    fx = [zam(desk, index=index, name=f"squeezer {index}") for index in (2, 0, 1)]
    mapping = map_chain(chain, fx)
    assert mapping.free.all()
    homes = [translation.place.fx.index for _, translation in sorted(mapping.translations.items())]
    assert homes == [0, 0, 1, 1]
    assert "only the first" in why(mapping, "squeezer 2")
