"""What is rendered to judge settings by: the track as it stands, before and after, with what no slot speaks of."""

import math

import msgspec
import numpy as np
import pytest
from mapping_values import changed, judged, judged_slots, kinds, reason, with_real

from bridge.reaper.mapping.chain_mapping import map_chain
from bridge.reaper.protocol.left_alone import LeftAloneKind

PEAKS = ((2, 0, True, 300.0, 0.0, 1.4), (2, 1, True, 3000.0, 0.0, 1.4))


def test_slots_without_a_home_are_not_judged(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(PEAKS)])
    assert judged_slots(mapping) == ["peak_low", "peak_high"]


def test_master_gain_and_bands_without_slot_are_judged_as_they_stand(desk) -> None:
    over = ((2, 2, True, 15000.0, 5.0, 1.0), (4, 0, True, 9000.0, -6.0, 1.9), (5, 0, True, 12000.0, 0.0, 2.0))
    chain = desk.chain(*(slot for slot in desk.strip().slots if slot.name.startswith("peak")))
    mapping = map_chain(chain, [desk.rea_eq((*PEAKS, *over), master_gain_db=7.5)])
    assert mapping.left_alone == ()
    slots = {slot.plugin: slot.name for slot in mapping.proxy.chain.slots[2:]}
    assert list(slots) == [
        "builtin:PeakFilter", "builtin:HighShelfFilter", "builtin:LowpassFilter", "builtin:Gain",
    ]  # fmt: skip
    for row in (mapping.current, mapping.realizable(with_real(mapping, peak_low__gain_db=5.0))):
        values = judged(mapping, row)
        assert values[slots["builtin:Gain"] + ".gain_db"] == pytest.approx(7.5, abs=0.02)
        assert values[slots["builtin:PeakFilter"] + ".cutoff_frequency_hz"] == pytest.approx(15000, rel=0.002)
        assert values[slots["builtin:PeakFilter"] + ".q"] == pytest.approx(math.sqrt(2), abs=0.02)
        assert values[slots["builtin:HighShelfFilter"] + ".gain_db"] == pytest.approx(-6.0, abs=0.02)
        assert values[slots["builtin:LowpassFilter"] + ".cutoff_frequency_hz"] == pytest.approx(12000, rel=0.002)


def test_a_low_cut_is_as_steep_as_the_bands_and_not_heard_while_that_is_off(desk) -> None:
    cut = (0, 0, True, 90.0, 0.0, 1.9)
    on, off = (map_chain(desk.strip(), [desk.rea_eq(((0, 0, is_on, *cut[3:]),))]) for is_on in (True, False))
    assert [slot.plugin for slot in on.proxy.chain.slots] == ["builtin:HighpassFilter"] * 2
    assert list(judged(on, on.current).values()) == pytest.approx([90.0, 90.0], rel=0.002)
    assert list(judged(off, off.current).values()) == pytest.approx([5.0, 5.0], rel=0.002)
    for mapping in (on, off):
        after = mapping.realizable(with_real(mapping, low_cut__cutoff_frequency_hz=140.0))
        assert list(judged(mapping, after).values()) == pytest.approx([140.0, 140.0], rel=0.01)


def test_bands_that_do_nothing_are_not_judged(desk) -> None:
    idle = ((2, 2, False, 15000.0, 9.0, 1.0), (4, 0, True, 9000.0, 0.0, 1.9), (3, 0, False, 50.0, 0.0, 1.0))
    chain = desk.chain(*(slot for slot in desk.strip().slots if slot.name.startswith("peak")))
    mapping = map_chain(chain, [desk.rea_eq((*PEAKS, *idle), master_gain_db=0.0)])
    assert judged_slots(mapping) == ["peak_low", "peak_high"]
    assert mapping.free.all()


@pytest.mark.parametrize("band_type", [3, 6, 9])
def test_an_eq_with_a_band_that_cannot_be_rendered_is_left_alone(desk, band_type: int) -> None:
    eq = desk.rea_eq((*PEAKS, (band_type, 0, True, 50.0, 0.0, 1.0)))
    mapping = map_chain(desk.strip(), [eq, desk.rea_comp()])
    left = reason(mapping, eq.name)
    assert (left.kind, left.band_type) == (LeftAloneKind.UNRENDERED_BAND, band_type)
    assert judged_slots(mapping) == ["compressor", "output"]
    assert not mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert all(write.fx_guid != eq.guid for write in mapping.writes(np.full_like(mapping.current, 0.3)))


def test_an_eq_with_a_band_that_cannot_be_read_is_left_alone(desk) -> None:
    eq = changed(desk.rea_eq((*PEAKS, (2, 2, True, 15000.0, 5.0, 1.0))), "Gain-Band 3", grid=())
    mapping = map_chain(desk.strip(), [eq])
    left = reason(mapping, eq.name)
    assert (left.kind, left.parameter) == (LeftAloneKind.NO_DISPLAY_LAW, "Gain-Band 3")
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
    assert mapping.proxy.chain.slots[0].fixed == {"q": 0.707}
    writes = mapping.writes(mapping.realizable(with_real(mapping, low_shelf__gain_db=-3.0)))
    assert [write.ident for write in writes] == ["1:Gain-Band 1"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [({"automated": True}, LeftAloneKind.AUTOMATED), ({"grid": ()}, LeftAloneKind.NO_DISPLAY_LAW)],
)
def test_a_slot_whose_fixed_setting_cannot_be_set_is_left_alone(desk, fields, kind) -> None:
    eq = changed(desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5),)), "BW-Band 1", **fields)
    mapping = map_chain(desk.strip(), [eq])
    assert kinds(mapping, "low_shelf") == [kind]
    assert not mapping.free.any()


def test_a_slot_whose_fixed_setting_the_fx_does_not_have_is_left_alone(desk) -> None:
    eq = desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5),))
    bare = msgspec.structs.replace(eq, parameters=eq.parameters[:2])
    mapping = map_chain(desk.strip(), [bare])
    left = reason(mapping, "low_shelf")
    assert (left.kind, left.parameter) == (LeftAloneKind.NO_PARAMETER, "q")
    assert not mapping.free.any()


def test_a_slot_held_by_an_envelope_is_judged_as_it_stands(desk) -> None:
    eq = changed(desk.rea_eq(((1, 0, True, 100.0, 3.0, 0.5), *PEAKS)), "BW-Band 1", automated=True)
    mapping = map_chain(desk.strip(), [eq])
    after = mapping.realizable(with_real(mapping, low_shelf__gain_db=-9.0, peak_low__gain_db=4.0))
    for row in (mapping.current, after):
        assert judged(mapping, row)["low_shelf.gain_db"] == pytest.approx(3.0, abs=0.02)
        assert judged(mapping, row)["low_shelf.q"] == pytest.approx(2.87, abs=0.05)
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
