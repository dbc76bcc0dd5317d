"""Where slots find their home, and what is left alone with which reason."""

import msgspec
import numpy as np
import pytest
from mapping_values import judged_slots, kinds, real, reason, with_real

from bridge.reaper.mapping.chain_mapping import map_chain
from bridge.reaper.protocol.left_alone import LeftAloneKind, Requirement


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
    assert kinds(mapping, "low_cut") == kinds(mapping, "peak_high") == [LeftAloneKind.NO_BAND]
    assert not mapping.free[mapping.chain.index("low_cut.cutoff_frequency_hz")]
    assert mapping.free[mapping.chain.index("peak_low.gain_db")]


def test_wet_is_the_output_gain_and_dry_must_be_silent(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp()])
    assert real(mapping, "output.gain_db", mapping.current) == pytest.approx(0.0, abs=0.1)
    mixed = map_chain(desk.strip(), [desk.rea_comp(dry="-6.0 dB")])
    assert not mixed.free.any()
    unmet = reason(mixed, "VST: ReaComp (Cockos)")
    assert (unmet.kind, unmet.requirement) == (LeftAloneKind.UNMET_REQUIREMENT, Requirement.DRY_SIGNAL)
    assert (unmet.parameter, unmet.text, unmet.at_most) == ("Dry", "-6.0 dB", -60.0)


def test_a_compressor_that_makes_up_gain_by_itself_is_left_alone(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp(auto_gain=1.0)])
    assert not mapping.free.any()
    assert reason(mapping, "VST: ReaComp (Cockos)").requirement is Requirement.AUTO_MAKEUP


@pytest.mark.parametrize(
    ("name", "plain", "harmful", "requirement", "bound"),
    [
        ("Auto Release", (0.0, "Off"), (1.0, "On"), Requirement.AUTO_RELEASE, (None, None)),
        ("Hipass", (0.1, "40 Hz"), (0.4, "180 Hz"), Requirement.DETECTOR_HIGHPASS, (40.0, None)),
        ("Lowpass", (1.0, "20.0 kHz"), (0.4, "1200 Hz"), Requirement.DETECTOR_LOWPASS, (None, 15000.0)),
        ("Pre-comp", (0.01, "2.0 ms"), (0.1, "25 ms"), Requirement.LOOKAHEAD, (2.0, None)),
        ("Knee", (0.1, "6.0 dB"), (0.5, "12.0 dB"), Requirement.KNEE, (6.0, None)),
        ("RMS size", (0.03, "30 ms"), (0.5, "0.5 s"), Requirement.RMS_WINDOW, (30.0, None)),
    ],
)
def test_a_compressor_that_is_no_plain_one_is_left_alone(desk, name, plain, harmful, requirement, bound) -> None:
    assert map_chain(desk.strip(), [desk.rea_comp(beside={name: plain})]).free.any()
    mapping = map_chain(desk.strip(), [desk.rea_comp(beside={name: harmful})])
    assert not mapping.free.any()
    unmet = reason(mapping, "VST: ReaComp (Cockos)")
    assert (unmet.requirement, unmet.text) == (requirement, harmful[1])
    assert (unmet.at_most, unmet.at_least) == bound


def test_all_that_must_be_mended_is_said_at_once(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_comp(auto_gain=1.0, beside={"Knee": (1.0, "24.0 dB")})])
    unmet = [row.requirement for row in mapping.left_alone if row.what == "VST: ReaComp (Cockos)"]
    assert unmet == [Requirement.AUTO_MAKEUP, Requirement.KNEE]


def test_foreign_bypassed_offline_and_second_fx_are_named(desk) -> None:
    reverb = desk.fx("ReaVerbate", [desk.parameter("Wet", desk.Law(-60, 12, " dB"), -6.0)], index=5)
    second = desk.rea_eq(index=6, name="EQ to taste")
    sleeping = desk.fx("ReaDelay", [], index=7, enabled=False)
    away = desk.fx("ReaGate", [], index=8, offline=True)
    mapping = map_chain(desk.strip(), [desk.rea_eq(), desk.rea_comp(), reverb, second, sleeping, away])
    assert kinds(mapping, "VST: ReaVerbate (Cockos)") == [LeftAloneKind.NOT_IN_MODEL, LeftAloneKind.NOT_RENDERED]
    assert mapping.unrendered == ("VST: ReaVerbate (Cockos)",)
    assert kinds(mapping, "EQ to taste") == [LeftAloneKind.DUPLICATE]
    assert kinds(mapping, "VST: ReaDelay (Cockos)") == [LeftAloneKind.BYPASSED]
    assert kinds(mapping, "VST: ReaGate (Cockos)") == [LeftAloneKind.OFFLINE]
    written = {write.fx_guid for write in mapping.writes(mapping.realizable(np.full_like(mapping.current, 0.3)))}
    assert not written & {reverb.guid, second.guid, sleeping.guid, away.guid}


def test_a_bypassed_eq_is_no_home_and_no_reason_to_add_another(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(enabled=False), desk.rea_comp()])
    assert mapping.missing == ()
    assert not mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert kinds(mapping, "VST: ReaEQ (Cockos)") == [LeftAloneKind.BYPASSED]


def test_an_fx_that_mixes_the_untouched_sound_in_is_no_home(desk) -> None:
    mapping = map_chain(desk.strip(), [desk.rea_eq(wet=0.5), desk.rea_comp(wet=0.9995)])
    assert mapping.missing == ()
    assert (reason(mapping, "VST: ReaEQ (Cockos)").kind, reason(mapping, "VST: ReaEQ (Cockos)").wet) == (
        "partly_dry",
        0.5,
    )
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
    assert kinds(mapping, "peak_low.gain_db") == [LeftAloneKind.AUTOMATED]
    after = mapping.realizable(with_real(mapping, peak_low__gain_db=-6.0, peak_low__q=2.0))
    assert after[index] == mapping.current[index]
    assert all("Gain" not in write.ident for write in mapping.writes(after))


def test_a_slot_of_which_a_part_cannot_be_read_is_left_alone(desk) -> None:
    comp = desk.rea_comp()
    bare = tuple(msgspec.structs.replace(p, grid=()) if p.name == "Ratio" else p for p in comp.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(comp, parameters=bare)])
    unread = reason(mapping, "compressor")
    assert (unread.kind, unread.parameter) == (LeftAloneKind.NO_DISPLAY_LAW, "Ratio")
    whole = reason(mapping, "VST: ReaComp (Cockos)")
    assert (whole.kind, whole.slot) == (LeftAloneKind.UNREADABLE_SLOT, "compressor")
    assert not mapping.free.any()
    assert judged_slots(mapping) == []


def test_a_sleeping_band_that_cannot_be_read_holds_nothing_up(desk) -> None:
    eq = desk.rea_eq()
    bare = tuple(msgspec.structs.replace(p, grid=()) if p.eq.band_type == 0 else p for p in eq.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(eq, parameters=bare)])
    assert kinds(mapping, "low_cut") == [LeftAloneKind.NO_DISPLAY_LAW]
    assert mapping.free[mapping.chain.index("peak_low.gain_db")]
    assert "low_cut" not in judged_slots(mapping)


def test_a_text_that_its_own_grid_does_not_confirm_is_not_believed(desk) -> None:
    eq = desk.rea_eq(((2, 0, True, 400.0, 6.0, 1.4),))
    late = tuple(msgspec.structs.replace(p, text="-18.00 dB") if p.eq.kind == "gain" else p for p in eq.parameters)
    mapping = map_chain(desk.strip(), [msgspec.structs.replace(eq, parameters=late)])
    unread = reason(mapping, "peak_low")
    assert (unread.kind, unread.text) == (LeftAloneKind.UNCONFIRMED_DISPLAY, "-18.00 dB")
    assert not mapping.free.any()
