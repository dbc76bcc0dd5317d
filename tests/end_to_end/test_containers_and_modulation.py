"""FX in containers and parameters that something else moves, from REAPER's scripts to the daemon and back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pedalboard import HighShelfFilter, LowShelfFilter
from pedalboard._pedalboard import Pedalboard
from songs import RATE_HZ, song, tonal_distance_db

from bridge.standin.fx.modulation import Modulation
from bridge.types import Float32

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)


def muddy(audio: Float32) -> Float32:
    """A take with too much below and too little above."""
    return Pedalboard([LowShelfFilter(250, 9.0, 0.7), HighShelfFilter(5000, -8.0, 0.7)])(audio, RATE_HZ)


def guitar(session, dry: Float32):  # type: ignore[no-untyped-def]
    """A muddy guitar with ReaEQ and ReaComp, selected."""
    track = session.reaper.project.add_track("Guitar", muddy(dry))
    track.add_fx("ReaEQ", low_cut="off")
    track.add_fx("ReaComp")
    track.selected = True
    return track


@pytest.mark.parametrize("action", ["bridge_automix.lua", "bridge_automix_add_fx.lua"])
def test_fx_in_a_container_are_set_and_no_second_pair_is_added(open_session: Open, action: str) -> None:
    session, dry = open_session(is_model_shipped=True), song()
    track = guitar(session, dry)
    container = track.put_in_container(*track.fx)
    session.settle()
    before, chain = track.render(), track.every_fx()
    session.press(action)
    assert session.reaper.messages.boxes == []
    assert track.every_fx() == chain
    assert tonal_distance_db(track.render(), dry) < tonal_distance_db(before, dry) - 0.5
    assert len(session.reaper.undo_points) == 2
    session.reaper.undo()
    assert tonal_distance_db(track.render(), before) < 0.01
    assert container.is_enabled


@pytest.mark.parametrize("action", ["bridge_automix.lua", "bridge_automix_add_fx.lua"])
def test_a_pair_that_has_put_things_right_in_an_odd_container_stays(open_session: Open, action: str) -> None:
    session, dry = open_session(is_model_shipped=True), song()
    track = guitar(session, dry)
    container = track.put_in_container(*track.fx)
    container.write(container.find(":wet"), 0.5)
    session.settle()
    chain = [(fx, fx.capture()) for fx in track.every_fx()]
    session.press(action)
    assert [(fx, fx.capture()) for fx in track.every_fx()] == chain
    assert "Container" in "".join([*session.reaper.messages.console, *session.reaper.messages.boxes])


def test_what_an_lfo_moves_is_named_at_once_and_nothing_is_set(open_session: Open) -> None:
    session = open_session(is_model_shipped=True)
    session.reaper.ext_state[("Bridge", "verify")] = "off"  # else REAPER renders before and after: test_verification
    track = guitar(session, song())
    track.fx[1].modulate("Thresh", Modulation("lfo", baseline=0.6, strength=0.2))
    session.settle()
    equaliser = track.fx[0].values()
    session.press()
    said = "".join([*session.reaper.messages.console, *session.reaper.messages.boxes])
    assert "Thresh is moved by an LFO" in said
    assert "Run the action again" not in said
    assert track.fx[0].values() == equaliser


def test_both_ends_of_a_link_stay_and_the_rest_is_set(open_session: Open) -> None:
    session, dry = open_session(is_model_shipped=True), song()
    track = guitar(session, dry)
    equaliser, comp = track.fx
    gain = next(p.name for p in equaliser.parameters if p.name.startswith("Gain-Band"))
    source = comp.index("Thresh")
    at_rest = equaliser.values()[gain][0] / comp.values()["Thresh"][0]  # the link leaves the gain where it stands
    link = Modulation("plink", baseline=0.0, strength=at_rest, source=comp, source_parameter=source)
    equaliser.modulate(gain, link)
    session.reaper.tick()
    session.settle()
    linked, followed, before = equaliser.values()[gain], comp.values()["Thresh"], track.render()
    session.press()
    assert session.reaper.messages.boxes == []
    assert (equaliser.values()[gain], comp.values()["Thresh"]) == (linked, followed)
    assert tonal_distance_db(track.render(), dry) < tonal_distance_db(before, dry)
    said = "".join(session.reaper.messages.console)
    assert f"{gain} is moved by a link" in said
    assert "Thresh moves another parameter along" in said
