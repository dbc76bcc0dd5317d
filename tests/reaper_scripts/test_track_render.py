"""Tracks whose items are not what their FX get: REAPER renders them, and nothing is left behind, whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from reaper_session import ReaperSession, noise, set_comp

from bridge.audio.spool_wav import read_float_wav
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request
from bridge.standin.fx.instrument import Note
from bridge.standin.project.project import USERS_NUMBERS, USERS_TEXTS
from bridge.standin.project.rendering import RenderFault
from bridge.standin.project.track import ReaperTrack


class Listener:
    """A daemon that asks for a render before the ReaComp, keeps what it gets, and moves the ReaComp."""

    def __init__(self, desk: ReaperSession) -> None:
        self.desk = desk
        self.heard: list[np.ndarray] = []

    def __call__(self, request: Request) -> Reply:
        if request.options.asks_for_tap:
            assert request.audio.excerpts == ()
            tap = next(fx.guid for fx in request.fx if "ReaComp" in fx.name)
            return Reply(schema=SCHEMA, id=request.id, status="render", tap=tap)
        audio, _ = read_float_wav(self.desk.daemon.spool / "audio" / request.audio.file)
        self.heard.append(audio)
        return set_comp(request)


@pytest.fixture
def listener(desk: ReaperSession) -> Listener:
    desk.daemon.answer = Listener(desk)
    return desk.daemon.answer


def bus(desk: ReaperSession, seconds: float = 2.0) -> tuple[ReaperTrack, ReaperTrack]:
    """The desk's track without items, and the one that sends to it. Another one is soloed, and selected."""
    desk.track.items.clear()
    source = desk.reaper.project.add_track("Drums", noise(seconds, seed=5))
    desk.track.add_receive(source, volume=0.5)
    desk.track.volume, desk.track.pan, desk.track.is_muted = 0.25, -0.5, True
    source.solo = 2
    source.fx.append(desk.reaper.project.create_fx("ReaEQ"))
    desk.reaper.project.history.rebase()
    return desk.track, source


def state_of(desk: ReaperSession) -> list[object]:
    """All that a render may have changed."""
    project = desk.reaper.project
    tracks = [
        (t.name, t.is_selected, t.solo, t.volume, t.pan, t.is_muted, [(fx.is_enabled, fx.values()) for fx in t.fx])
        for t in project.every_track()
    ]
    return [dict(project.render_numbers), dict(project.render_texts), tracks, desk.reaper.undo_points, project.tracks]


def test_a_bus_is_heard_as_its_fx_receive_it(desk: ReaperSession, listener: Listener) -> None:
    track, source = bus(desk)
    before = state_of(desk)
    desk.daemon.answer = lambda request: listener(request) if request.options.asks_for_tap else keep(listener, request)
    desk.run()
    assert desk.reaper.messages.boxes == []
    equaliser, comp = track.fx
    comp.is_enabled = False
    (heard,) = listener.heard
    assert np.allclose(heard, track.render(0.0, 2.0), atol=1e-6)
    assert np.abs(heard).max() > 0.01
    comp.is_enabled = True
    assert state_of(desk) == before
    assert desk.daemon.leftovers() == []
    assert desk.daemon.requests[1].audio.tap == desk.daemon.requests[0].fx[1].guid
    assert "REAPER renders Vocals (1 of 1)" in "".join(desk.reaper.messages.help)
    assert equaliser.is_enabled and source.solo == 2


def keep(listener: Listener, request: Request) -> Reply:
    listener(request)
    return Reply(schema=SCHEMA, id=request.id, status="unchanged")


def test_it_is_set_in_one_undo_step(desk: ReaperSession, listener: Listener) -> None:
    bus(desk)
    desk.run()
    assert listener.heard
    assert desk.comp_values() == pytest.approx((0.4, 0.3))
    assert desk.reaper.undo_points == ["Bridge: Auto-mix track"]
    assert (desk.reaper.project.render_numbers, desk.reaper.project.render_texts) == (USERS_NUMBERS, USERS_TEXTS)


def test_only_what_is_needed_is_rendered(desk: ReaperSession, listener: Listener) -> None:
    _, source = bus(desk)
    source.add_item(noise(1.0), position_s=300.0)
    desk.run()
    renders = desk.reaper.project.renders
    assert sum(render.end_s - render.start_s for render in renders) <= 2.0 + 1.0 + 2 * 1.0
    assert [audio.shape[1] for audio in listener.heard] == [3 * 48000]
    assert {render.tracks for render in renders} == {("Vocals",)}
    desk.reaper.project.time_selection = (0.5, 1.5)
    desk.run()
    assert (renders[-1].start_s, renders[-1].end_s) == (0.0, 1.5)
    assert listener.heard[-1].shape[1] == 48000


def test_an_instrument_is_heard(desk: ReaperSession, listener: Listener) -> None:
    track = desk.track
    track.items.clear()
    track.add_midi_item([Note(0.1, 0.8, 220.0)])
    track.fx.insert(0, desk.reaper.project.create_fx("ReaSynth"))
    desk.run()
    assert desk.reaper.messages.boxes == []
    assert np.abs(listener.heard[0]).max() > 0.05


def test_of_more_channels_the_first_two_are_heard(desk: ReaperSession, listener: Listener) -> None:
    desk.track.channels = 6
    desk.track.items[0].audio = np.tile(noise(2.0), (3, 1))
    desk.run()
    assert desk.reaper.messages.boxes == []
    assert listener.heard[0].shape == (2, 2 * 48000)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (RenderFault(), "REAPER rendered nothing of Vocals: the render was cancelled or failed."),
        (RenderFault(share=0.5), "the render was cancelled, or the disk is full."),
        (RenderFault(share=0.7, is_header_whole=True), "the render was cancelled, or the disk is full."),
        (RenderFault(after=1), "REAPER rendered nothing of Vocals"),
    ],
)
def test_a_render_that_goes_wrong(desk: ReaperSession, listener: Listener, fault: RenderFault, said: str) -> None:
    _, source = bus(desk)
    source.add_item(noise(1.0), position_s=200.0)
    desk.reaper.project.render_fault = fault
    before = state_of(desk)
    desk.run()
    assert said in desk.box
    assert "Nothing was changed" in desk.box
    assert (listener.heard, state_of(desk), desk.daemon.leftovers()) == ([], before, [])


def test_a_silent_bus(desk: ReaperSession, listener: Listener) -> None:
    _, source = bus(desk)
    source.items[0].audio = np.zeros_like(source.items[0].audio)
    before = state_of(desk)
    desk.run()
    assert "REAPER renders Vocals as silence from 0.0 s to 2.0 s" in desk.box
    assert (listener.heard, state_of(desk), desk.daemon.leftovers()) == ([], before, [])


def test_it_can_be_cancelled_between_two_renders(desk: ReaperSession, listener: Listener) -> None:
    _, source = bus(desk)
    source.add_item(noise(1.0), position_s=200.0)
    before = state_of(desk)
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: len(desk.reaper.project.renders) == 1)
    desk.reaper.run_action("bridge_cancel.lua")
    desk.reaper.run_until_idle()
    assert desk.box == "Cancelled. Nothing was changed."
    assert len(desk.reaper.project.renders) == 1
    assert (listener.heard, state_of(desk), desk.daemon.leftovers()) == ([], before, [])


def test_nothing_is_rendered_while_reaper_records(desk: ReaperSession, listener: Listener) -> None:
    bus(desk)
    desk.reaper.project.play_state = 5
    desk.run()
    assert "REAPER is recording" in desk.box
    assert (desk.reaper.project.renders, desk.daemon.leftovers()) == ([], [])


def test_an_envelope_that_would_switch_the_fx_on_again(desk: ReaperSession, listener: Listener) -> None:
    bus(desk)
    comp = desk.track.find_fx("ReaComp")
    desk.track.fx_envelope(comp, comp.find(":bypass"))
    before = state_of(desk)
    desk.run()
    assert "an envelope switches VST: ReaComp (Cockos) on and off" in desk.box
    assert (listener.heard, state_of(desk), desk.reaper.project.renders) == ([], before, [])


@pytest.mark.parametrize("change", ["an item of what feeds it", "how much of it", "a further track"])
def test_what_feeds_it_must_not_change_meanwhile(desk: ReaperSession, listener: Listener, change: str) -> None:
    track, source = bus(desk)
    before = desk.comp_values()

    def answer(request: Request) -> Reply:
        reply = listener(request)
        if reply.status == "apply" and change == "an item of what feeds it":
            source.items[0].position_s = 0.5
        elif reply.status == "apply" and change == "how much of it":
            source.volume = 2.0
        elif reply.status == "apply":
            track.add_receive(desk.reaper.project.add_track("More", noise(1.0)))
        desk.reaper.project.touch()
        return reply

    desk.daemon.answer = answer
    desk.run()
    assert "Nothing was changed" in desk.box
    assert desk.comp_values() == before
    assert desk.reaper.undo_points == []
