"""A chain on a user's track: read and written by displayed value, in the order of the track, switches first."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_values import changed, judged, judged_slots, kinds, real, reason, with_real

from bridge.plugins.chain.chain import Slot
from bridge.plugins.chain.control import Control
from bridge.plugins.chain.display_law import DisplayLaw
from bridge.reaper.mapping.chain_mapping import map_chain
from bridge.reaper.protocol.left_alone import LeftAloneKind
from bridge.reaper.protocol.messages import Change, Write

LIMITS = {"dB": 0.1, "Hz": 0.01, "ms": 0.05, "": 0.05}


# ---------------------------------------------------------------- REAPER's stock FX


def test_a_strip_finds_its_home_in_rea_eq_and_rea_comp(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp()])
    assert mapping.free.all()
    assert mapping.missing == ()
    assert mapping.left_alone == ()
    assert real(mapping, "peak_low.cutoff_frequency_hz", mapping.current) == pytest.approx(300, rel=0.002)
    assert real(mapping, "peak_low.q", mapping.current) == pytest.approx(0.99, abs=0.02)  # 1.4 octaves
    assert real(mapping, "compressor.ratio", mapping.current) == pytest.approx(1.0, abs=0.01)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
@pytest.mark.slow
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
        parameter = mapping.conversions[index].binding.parameter
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


def test_a_band_at_a_frequency_that_no_peak_may_have_is_still_read_as_it_is(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(((2, 0, True, 60.0, 20.0, 1),))])
    assert real(mapping, "peak_low.gain_db", mapping.current) == pytest.approx(20, abs=0.1)  # the range ends at 15
    assert real(mapping, "peak_low.cutoff_frequency_hz", mapping.current) == pytest.approx(60, rel=0.01)


def test_the_slots_stand_in_the_order_of_the_track(desk) -> None:
    in_order = map_chain(desk.strip(), [desk.rea_eq(index=0), desk.rea_comp(index=1)])
    cut = ["low_cut", "low_cut, stage 2"]
    assert judged_slots(in_order) == [*cut, "low_shelf", "peak_low", "peak_high", "compressor", "output"]
    turned = map_chain(desk.strip(), [desk.rea_comp(index=0), desk.rea_eq(index=1)])
    assert judged_slots(turned) == ["compressor", "output", *cut, "low_shelf", "peak_low", "peak_high"]
    after = turned.realizable(np.linspace(0.2, 0.8, len(turned.current), dtype=np.float32))
    for label in ("peak_high.gain_db", "compressor.ratio"):
        assert judged(turned, after)[label] == pytest.approx(real(turned, label, after), abs=1e-3)


def test_writes_come_in_the_order_of_fx_and_parameters(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp(index=0), desk.rea_eq(index=1)])
    after = mapping.realizable(np.full_like(mapping.current, 0.3))
    writes = mapping.writes(after)
    order = {fx.guid: fx.index for fx in (t.binding.fx for t in mapping.conversions.values())}
    places = [(order[write.fx_guid], write.index) for write in writes]
    assert places == sorted(places)
    assert len(places) == len(set(places)) > 10


# ---------------------------------------------------------------- steps of parameters


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-24.0, 24.0), (20.0, 24000.0)])
def test_steps_count_in_the_range_of_the_parameter(desk, low: float, high: float) -> None:
    """A gain in 24 steps, whatever REAPER calls the ends of its range."""
    eq = desk.rea_eq(((2, 0, True, 400.0, 0.0, 1.4),))
    eq = changed(eq, "Gain-Band 1", min=low, max=high, mid=(low + high) / 2, step=(high - low) / 24)
    mapping = map_chain(desk.strip(), [eq])
    after = mapping.realizable(with_real(mapping, peak_low__gain_db=5.1))
    assert real(mapping, "peak_low.gain_db", after) == pytest.approx(6.0, abs=0.01)  # in steps of 2 dB
    (write,) = mapping.writes(after)
    assert write.normalized * 24 == pytest.approx(15.0, abs=1e-6)
    assert write.tolerance == pytest.approx(1 / 48, rel=0.3)


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


def test_a_fixed_setting_of_the_same_plugin_is_not_held_to_a_text_that_nobody_knows(desk) -> None:
    """Its real value is known to no one: calibration measures the controls alone."""
    whole = vst3_chain(desk)
    slot = msgspec.structs.replace(whole.slots[0], controls=whole.slots[0].controls[:1], fixed={"Attack": 0.495})
    mapping = map_chain(desk.chain(slot), [zam(desk)])
    (attack,) = (write for write in mapping.writes(np.array([0.5], dtype=np.float32)) if write.ident == "0:Attack")
    assert (attack.normalized, attack.expected_text) == (pytest.approx(0.495), "")


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
    assert reason(mapping, "comp").parameter == "Threshold"


def test_a_plugin_without_one_of_the_parameters_is_left_alone(desk) -> None:
    bare = zam(desk)
    mapping = map_chain(vst3_chain(desk), [msgspec.structs.replace(bare, parameters=bare.parameters[:1])])
    assert not mapping.free.any()
    assert (reason(mapping, "comp").kind, reason(mapping, "comp").parameter) == (
        LeftAloneKind.NO_PARAMETER,
        "Threshold",
    )


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
    homes = [translation.binding.fx.index for _, translation in sorted(mapping.conversions.items())]
    assert homes == [0, 0, 1, 1]
    assert kinds(mapping, "squeezer 2") == [LeftAloneKind.DUPLICATE, LeftAloneKind.NOT_RENDERED]
