"""Everything that may go wrong around the action: what the user reads, and that the project is as it was."""

import json
import sys

import pytest
from reaper_session import (
    ReaperSession,
    applying,
    low_cut_to,
    noise,
    set_comp,
    set_low_cut,
    silent,
    unchanged,
    write_to,
)

from bridge.reaper.protocol.messages import SCHEMA, Reply, Request, encode


def assert_untouched(desk: ReaperSession, before: tuple[float, float]) -> None:
    assert desk.comp_values() == before
    assert desk.reaper.undo_points == []
    assert desk.daemon.leftovers() == []


@pytest.fixture
def before(desk: ReaperSession) -> tuple[float, float]:
    return desk.comp_values()


# ---------------------------------------------------------------- what is selected


def test_nothing_selected(desk: ReaperSession) -> None:
    desk.track.selected = False
    desk.run()
    assert "No track is selected" in desk.box


def test_the_master_track(desk: ReaperSession) -> None:
    desk.track.selected = False
    desk.reaper.project.master.selected = True
    desk.run()
    assert "The master track cannot be set by this action" in desk.box


def test_a_muted_track_has_no_level_beside_others(desk: ReaperSession, before) -> None:
    desk.track.is_muted = True
    desk.run("bridge_automix_levels.lua")
    assert "Vocals is muted and was skipped: beside others it has no level. Unmute it" in desk.box
    assert_untouched(desk, before)


def test_a_muted_track_is_set_and_said_to_be_muted(desk: ReaperSession) -> None:
    desk.track.is_muted = True
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == (0.4, 0.3)
    assert "it is muted: what was set is heard once you unmute it" in desk.console
    assert desk.reaper.messages.boxes == []


def test_a_track_without_items(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.run()
    assert "Vocals has no items" in desk.box


def test_a_track_without_fx(desk: ReaperSession) -> None:
    desk.track.fx.clear()
    desk.run()
    assert "Vocals has no FX" in desk.box


def test_a_silent_track(desk: ReaperSession, before) -> None:
    desk.track.items[0].audio = 0.0 * desk.track.items[0].audio
    desk.run()
    assert "Vocals is silent from 0.0 s to 2.0 s" in desk.box
    assert desk.daemon.requests == []
    assert_untouched(desk, before)


def test_a_time_selection_beside_the_items(desk: ReaperSession) -> None:
    desk.reaper.project.time_selection = (10.0, 12.0)
    desk.run()
    assert "Vocals has no items in the time selection" in desk.box


def test_offline_media(desk: ReaperSession) -> None:
    desk.track.items[0].is_offline = True
    desk.run()
    assert "could not read the track's audio" in desk.box


def test_a_track_that_cannot_be_read_does_not_stop_the_next(desk: ReaperSession) -> None:
    desk.track.items[0].is_offline = True
    other = desk.reaper.project.add_track("Bass", noise(0.5))
    other.add_fx("ReaComp")
    other.selected = True
    desk.daemon.answer = set_comp
    desk.run()
    assert "could not read the track's audio" in desk.box
    assert desk.comp_values(other) == (0.4, 0.3)
    assert desk.daemon.leftovers() == []


def test_one_bad_track_does_not_stop_the_others(desk: ReaperSession) -> None:
    bare = desk.reaper.project.add_track("Noise", noise(0.5))
    bare.selected = True
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == (0.4, 0.3)
    assert "Noise has no FX" in desk.box
    assert "Bridge: Vocals" in desk.console


# ---------------------------------------------------------------- the daemon


def test_no_daemon(desk: ReaperSession, before) -> None:
    (desk.daemon.spool / "heartbeat.json").unlink()
    desk.run()
    assert desk.box == "Bridge's daemon is not running. Start it in a terminal with: reaper-bridge daemon"
    assert_untouched(desk, before)


def test_a_daemon_that_died_before(desk: ReaperSession) -> None:
    desk.daemon.beat(age_s=8.0)
    desk.run()
    assert "not running" in desk.box


def test_a_daemon_of_another_release_that_died_before(desk: ReaperSession) -> None:
    """Its heartbeat lies there after a power cut: no reason to install anything."""
    desk.daemon.beat(age_s=8.0, schema=1)
    desk.run()
    assert "not running" in desk.box


def test_a_daemon_of_another_release(desk: ReaperSession) -> None:
    desk.daemon.beat(schema=SCHEMA + 1)
    desk.run()
    assert f"schema version {SCHEMA + 1}; these scripts speak version {SCHEMA}" in desk.box
    assert "same release" in desk.box


def test_a_daemon_that_dies_midway(desk: ReaperSession, before) -> None:
    desk.daemon.answer = lambda _: desk.daemon.beat(age_s=8.0)  # type: ignore[func-returns-value]
    desk.run(limit_s=20)
    assert "The daemon stopped while it worked on Vocals. Nothing was changed on it" in desk.box
    assert "reaper-bridge daemon" in desk.box
    assert_untouched(desk, before)


def test_slow_work_is_no_fault(desk: ReaperSession) -> None:
    held: list[Request] = []
    desk.daemon.answer = held.append  # type: ignore[assignment]
    desk.reaper.run_action("bridge_automix.lua")
    ticks = desk.reaper.ticks
    desk.reaper.run_until(lambda: desk.reaper.ticks > ticks + 60)
    desk.daemon.beat()
    desk.daemon.put(desk.daemon.spool / "replies" / f"{held[0].id}.json", encode(set_comp(held[0])))
    desk.reaper.run_until_idle()
    assert desk.comp_values() == (0.4, 0.3)


def test_the_daemons_error_is_told(desk: ReaperSession, before) -> None:
    desk.daemon.answer = lambda request: Reply(
        schema=SCHEMA, id=request.id, status="error", error="The model is damaged."
    )
    desk.run()
    assert desk.box == "Vocals: The model is damaged."
    assert_untouched(desk, before)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"garbage", None),
        (b'{"schema": 1', None),
        (b"\xff" * 40, None),
        (b'{"schema":9,"id":"ID","fraction":0.5,"step":"x"}', None),
        (b'{"schema":2,"id":"ID","fraction":"half","step":"x"}', None),
        (b'{"schema":2,"id":"ID","fraction":0.5,"step":[]}', None),
        (b'{"schema":2,"id":"ID","fraction":1e300,"step":"x"}', "Bridge: Vocals: x, 100%"),
        (b'{"schema":2,"id":"ID","fraction":1e999,"step":"x"}', "Bridge: Vocals: x, 100%"),
        (b'{"schema":2,"id":"ID","fraction":-3,"step":"x"}', "Bridge: Vocals: x, 0%"),
    ],
)
def test_a_broken_progress_file_does_not_end_the_job(desk: ReaperSession, written: bytes, shown: str | None) -> None:
    desk.daemon.answer = silent
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    request, ticks = desk.daemon.requests[0], desk.reaper.ticks
    progress = desk.daemon.spool / "progress" / f"{request.id}.json"
    desk.daemon.put(progress, written.replace(b"ID", request.id.encode()))
    desk.reaper.run_until(lambda: desk.reaper.ticks > ticks + 12)
    desk.daemon.put(desk.daemon.spool / "replies" / f"{request.id}.json", encode(set_comp(request)))
    desk.reaper.run_until_idle()
    assert desk.reaper.messages.boxes == []
    assert desk.comp_values() == (0.4, 0.3)
    assert [line for line in desk.reaper.messages.help if "%" in line] == ([shown] if shown else [])


def _changed(request: Request, **fields: object) -> bytes:
    return json.dumps(json.loads(encode(set_comp(request))) | fields).encode()


def _with_value(request: Request, value: bytes) -> bytes:
    return encode(set_comp(request)).replace(b'"normalized":0.4', b'"normalized":' + value)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (lambda _: b'{"schema": 1, "id"', "is not a message of Bridge"),
        (lambda _: b"[]", "is not a message of Bridge"),
        (lambda _: b"\xff\xfe\x00", "is not a message of Bridge"),
        (lambda r: _changed(r, schema=1), "schema version 1; these scripts speak version 2"),
        (lambda r: _changed(r, id="00000000-0000-0000-0000-000000000000"), "it answers another request"),
        (lambda r: _changed(r, status="explode"), "its status is explode"),
        (lambda r: _changed(r, writes=[{"index": 0}]), "a write without a sound"),
        (lambda r: _changed(r, writes=7), "writes is no list"),
        (lambda r: encode(applying(r)), "it applies nothing"),
        (lambda r: _with_value(r, b"1.4"), "a write outside 0..1"),
        (lambda r: _with_value(r, b"1e999"), "a write without a sound normalized"),
        (lambda _: b" " * (16 * 1024 * 1024 + 1), "is longer than a message can be"),
    ],
)  # fmt: skip
def test_a_reply_that_is_not_sound(desk: ReaperSession, before, reply, said: str) -> None:
    desk.daemon.answer = reply
    desk.run()
    assert said in desk.box
    assert_untouched(desk, before)


def test_a_reply_to_someone_else_is_never_read(desk: ReaperSession, before) -> None:
    other = desk.daemon.spool / "replies" / "11111111-2222-3333-4444-555555555555.json"
    other.parent.mkdir()
    other.write_bytes(b"not ours")
    desk.daemon.answer = unchanged
    desk.run()
    assert other.read_bytes() == b"not ours"
    assert desk.comp_values() == before


def test_a_spool_that_cannot_be_written(desk: ReaperSession, before) -> None:
    (desk.daemon.spool / "audio").write_bytes(b"a file where a folder should be")
    desk.run()
    assert "could not be written" in desk.box
    assert "Free some disk space or check the folder's rights." in desk.box
    (desk.daemon.spool / "audio").unlink()
    assert_untouched(desk, before)


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX systems can")
def test_a_disk_that_is_full(desk: ReaperSession, before) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        desk.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "could not be written" in desk.box
    assert "Free some disk space" in desk.box
    assert desk.daemon.requests == []
    assert_untouched(desk, before)


# ---------------------------------------------------------------- what changes meanwhile


def _meanwhile(desk: ReaperSession, change) -> None:
    def answer(request: Request) -> Reply:
        change()
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()


def _record_again(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(2.0, seed=3))


def test_the_track_is_removed_before_the_reply(desk: ReaperSession) -> None:
    _meanwhile(desk, lambda: desk.reaper.project.remove_track(desk.track))
    assert "Vocals: the track was removed while Bridge was listening. Nothing was changed" in desk.box
    assert [r.status for r in desk.daemon.receipts()] == ["dropped"]


def test_the_track_is_removed_while_it_is_read(desk: ReaperSession) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(20.0))
    desk.reaper.on_tick(2, lambda: desk.reaper.project.remove_track(desk.track))
    desk.run()
    assert "Vocals was skipped: the track was removed" in desk.box
    assert desk.daemon.leftovers() == []


def test_another_project_comes_to_the_front(desk: ReaperSession, before) -> None:
    song = desk.reaper.project
    _meanwhile(desk, lambda: desk.reaper.open_project("/projects/other.rpp"))
    assert "another project tab was opened in front of it" in desk.box
    desk.reaper.switch_to(song)
    assert_untouched(desk, before)


def test_the_project_is_closed(desk: ReaperSession) -> None:
    _meanwhile(desk, lambda: desk.reaper.close_project(desk.reaper.project))
    assert "its project was closed" in desk.box


def test_an_fx_is_removed(desk: ReaperSession) -> None:
    _meanwhile(desk, desk.track.fx.pop)
    assert "an FX that it has evaluated was removed or taken offline" in desk.box
    (receipt,) = desk.daemon.receipts()
    assert (receipt.status, {r.status for r in receipt.results}) == ("dropped", {"gone"})
    assert desk.reaper.undo_points == []


def test_an_fx_goes_offline(desk: ReaperSession) -> None:
    _meanwhile(desk, lambda: setattr(desk.track.fx[1], "is_offline", True))
    assert "removed or taken offline" in desk.box


def test_the_fx_change_places(desk: ReaperSession, before) -> None:
    def answer(request: Request) -> Reply:
        desk.track.fx.reverse()
        eq, comp = request.fx
        gain = next(p.name for p in eq.parameters if p.eq and p.eq.kind == "gain" and p.eq.band_type == 2)
        return applying(request, write_to(eq, gain, 0.9), write_to(comp, "Thresh", 0.4))

    desk.daemon.answer = answer
    desk.run()
    assert "its FX were put into another order" in desk.box
    assert_untouched(desk, before)


def test_a_value_is_touched(desk: ReaperSession) -> None:
    _meanwhile(desk, lambda: desk.reaper.turn_knob(desk.track.fx[1], "Ratio", 0.77))
    assert (
        "Ratio of VST: ReaComp (Cockos) was changed by hand or by automation while Bridge was listening. "
        "Nothing was changed"
    ) in desk.box
    (receipt,) = desk.daemon.receipts()
    touched = [r for r in receipt.results if r.status == "touched"]
    assert (receipt.status, [r.read for r in touched]) == ("dropped", [0.77])
    assert desk.comp_values()[1] == 0.77
    assert desk.reaper.undo_points == ["Edit FX parameter"]


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (
            lambda desk, _, comp: desk.reaper.turn_knob(comp, "Attack", 0.9),
            "Attack of VST: ReaComp (Cockos) was changed",
        ),
        (lambda _, eq, __: setattr(eq, "is_enabled", False), "VST: ReaEQ (Cockos) was bypassed"),
        (lambda _, eq, __: setattr(eq, "is_offline", True), "VST: ReaEQ (Cockos) was taken offline"),
        (lambda _, __, comp: comp.write(comp.find(":wet"), 0.5), "VST: ReaComp (Cockos)'s wet mix was changed"),
        (lambda desk, eq, _: desk.track.fx.remove(eq), "VST: ReaEQ (Cockos) was removed"),
        (lambda desk, *_: desk.track.add_fx("ReaEQ"), "an FX was added to it"),
        (lambda desk, *_: desk.track.fx.insert(0, desk.track.project.create_fx("ReaEQ")), "an FX was added to it"),
        (lambda desk, *_: desk.track.fx.reverse(), "its FX were put into another order"),
        (lambda desk, *_: desk.track.items.clear(), "its items were changed"),
        (lambda desk, *_: setattr(desk.track.items[0], "position_s", 1.0), "its items were changed"),
        (lambda desk, *_: setattr(desk.track.items[0], "length_s", 1.0), "its items were changed"),
        (lambda desk, *_: _record_again(desk), "its items were changed"),
    ],
)  # fmt: skip
def test_whatever_is_touched_beside_the_written_values(desk: ReaperSession, before, touch, said: str) -> None:
    equaliser, comp = desk.track.fx
    _meanwhile(desk, lambda: touch(desk, equaliser, comp))
    assert f"Vocals: {said}" in desk.box
    assert desk.box.endswith("while Bridge was listening. Nothing was changed. Run the action again.")
    written = comp.values()
    assert (written["Thresh"][0], written["Ratio"][0]) == before
    assert [r.status for r in desk.daemon.receipts()] == ["dropped"]


def test_a_band_that_is_switched_meanwhile(desk: ReaperSession) -> None:
    equaliser = desk.track.find_fx("ReaEQ")

    def answer(request: Request) -> Reply:
        equaliser.enable_band(2, 0, False)
        gain = next(p.name for p in request.fx[0].parameters if p.eq and p.eq.kind == "gain" and p.eq.band_type == 4)
        return applying(request, write_to(request.fx[0], gain, 0.4))

    desk.daemon.answer = answer
    desk.run()
    assert "a band of VST: ReaEQ (Cockos) was changed" in desk.box
    assert desk.reaper.undo_points == []


def test_an_item_beside_the_time_selection_does_not_matter(desk: ReaperSession) -> None:
    desk.reaper.project.time_selection = (0.5, 1.5)
    _meanwhile(desk, lambda: desk.track.add_item(noise(1.0), position_s=5.0))
    assert desk.reaper.messages.boxes == []
    assert desk.comp_values() == (0.4, 0.3)


def test_another_track_may_be_touched(desk: ReaperSession) -> None:
    other = desk.reaper.project.add_track("Bass", noise(0.5))
    comp = other.add_fx("ReaComp")
    _meanwhile(desk, lambda: desk.reaper.turn_knob(comp, "Ratio", 0.9))
    assert desk.reaper.messages.boxes == []
    assert desk.comp_values() == (0.4, 0.3)


@pytest.mark.parametrize("is_touched", [True, False])
@pytest.mark.parametrize("moves", ["while it is read", "afterwards"])
def test_a_meter_among_the_parameters_does_not_matter(desk: ReaperSession, moves: str, is_touched: bool) -> None:
    """It moves by itself while the music plays, also where REAPER counts a change elsewhere in the project."""
    comp = desk.track.find_fx("ReaComp")
    meter = comp.index("RMS size")

    def play() -> None:
        for tick in range(30):
            desk.reaper.on_tick(tick, lambda tick=tick: comp._store(meter, 0.3 + 0.01 * (tick % 7)))

    def touch() -> None:
        desk.reaper._scheduled.clear()  # the music stops
        if moves == "afterwards":
            play()
        if is_touched:
            desk.reaper.project.touch()

    if moves == "while it is read":
        play()
    _meanwhile(desk, touch)
    assert desk.reaper.messages.boxes == []
    assert desk.comp_values() == (0.4, 0.3)


def test_an_envelope_that_came_meanwhile(desk: ReaperSession, before) -> None:
    comp = desk.track.find_fx("ReaComp")
    index = comp.index("Ratio")
    low, high = comp.raw_range(index)
    here = low + (high - low) * comp.read_normalized(index)  # it drives the value to where it is
    _meanwhile(desk, lambda: desk.track.add_envelope(comp, "Ratio", [(0.0, here)]))
    assert "Vocals: an envelope came to drive Ratio while Bridge was listening. Nothing was changed" in desk.box
    assert_untouched(desk, before)
    assert [r.status for r in desk.daemon.receipts()] == ["dropped"]


# ---------------------------------------------------------------- writing


def test_a_refused_value_takes_everything_back(desk: ReaperSession, before) -> None:
    desk.track.find_fx("ReaComp").fault("Ratio", is_refused=True)
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.box == "Vocals: a plugin refused a value, and everything was put back."
    assert_untouched(desk, before)
    (receipt,) = desk.daemon.receipts()
    assert receipt.status == "restored"
    assert {r.wanted: r.status for r in receipt.results} == {0.4: "ok", 0.3: "refused"}


def test_a_failure_halfway_takes_everything_back(desk: ReaperSession, before) -> None:
    comp = desk.track.find_fx("ReaComp")
    later = max(("Thresh", "Ratio"), key=comp.index)
    comp.fault(later, is_failing=True)
    desk.daemon.answer = set_comp
    desk.run()
    assert "Vocals: writing failed and everything was put back" in desk.box
    assert f"failed while {later} was set" in desk.box
    assert_untouched(desk, before)
    assert [r.status for r in desk.daemon.receipts()] == ["restored"]


def test_a_band_that_was_switched_on_is_switched_off_again(desk: ReaperSession) -> None:
    equaliser = desk.track.find_fx("ReaEQ")

    def answer(request: Request) -> Reply:
        eq, comp = request.fx
        desk.track.find_fx("ReaComp").fault("Ratio", is_refused=True)
        desk.reaper.on_tick(1, lambda: desk.reaper.turn_knob(equaliser, "Global Gain", 0.33))  # undo is no longer ours
        return applying(request, low_cut_to(eq, 0.25), write_to(comp, "Ratio", 0.9))

    desk.daemon.answer = answer
    desk.run()
    assert "everything was put back" in desk.box
    assert not equaliser.is_band_enabled(0, 0)
    assert equaliser.values()["Global Gain"][0] == 0.33


def test_an_fx_that_is_removed_right_after_writing_is_noted(desk: ReaperSession) -> None:
    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(1, desk.track.fx.pop)
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert (receipt.status, {r.status for r in receipt.results}) == ("dropped", {"gone"})
    assert "its FX were removed before what was written could be read back" in desk.box


def test_another_tab_right_after_writing_does_not_keep_a_refused_value(desk: ReaperSession, before) -> None:
    song = desk.reaper.project
    desk.track.find_fx("ReaComp").fault("Ratio", is_refused=True)

    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(1, lambda: desk.reaper.open_project("/projects/other.rpp"))
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    assert desk.box == "Vocals: a plugin refused a value, and everything was put back."
    assert [r.status for r in desk.daemon.receipts()] == ["restored"]
    desk.reaper.switch_to(song)
    assert_untouched(desk, before)


def test_another_tab_right_after_writing_does_not_hide_what_was_read_back(desk: ReaperSession) -> None:
    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(1, lambda: desk.reaper.open_project("/projects/other.rpp"))
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    (receipt,) = desk.daemon.receipts()
    assert (receipt.status, [r.status for r in receipt.results]) == ("applied", ["ok", "ok"])


@pytest.mark.parametrize(
    ("lose", "said"),
    [
        (lambda desk: desk.reaper.project.remove_track(desk.track), "the track was removed"),
        (lambda desk: desk.reaper.close_project(desk.reaper.project), "its project was closed"),
    ],
)
def test_what_goes_right_after_writing_is_never_told_as_applied(desk: ReaperSession, lose, said: str) -> None:
    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(1, lambda: lose(desk))
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    assert desk.box == f"Vocals: {said} before what was written could be read back."
    assert [(r.status, r.results) for r in desk.daemon.receipts()] == [("dropped", ())]


def test_a_track_that_goes_right_after_writing_does_not_unsettle_the_others(desk: ReaperSession) -> None:
    other = desk.reaper.project.add_track("Bass", noise(0.5))
    other.add_fx("ReaComp")
    other.selected = True
    desk.reaper.project.history.rebase()

    def answer(request: Request) -> Reply:
        if request.track.name == "Bass":
            desk.reaper.on_tick(1, lambda: desk.reaper.project.remove_track(desk.track))
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    assert desk.comp_values(other) == (0.4, 0.3)
    assert {r.status for r in desk.daemon.receipts()} == {"dropped", "applied"}
    assert desk.reaper.undo_points == ["Bridge: Auto-mix 2 tracks"]


@pytest.mark.parametrize("shows", ["-3.0 dB", "-inf", "12"])
def test_a_text_other_than_the_expected_one_takes_everything_back(desk: ReaperSession, before, shows: str) -> None:
    """The value arrives, but the FX shows something else there: the daemon's law was wrong."""
    comp = desk.track.find_fx("ReaComp")

    def answer(request: Request) -> Reply:
        reply = set_comp(request)
        comp.fault("Thresh", shows=shows)
        return reply

    desk.daemon.answer = answer
    desk.run()
    expected = next(w.expected_text for w in set_comp(desk.daemon.requests[0]).writes if w.normalized == 0.4)
    assert desk.box == f"Vocals: Thresh should show {expected} and shows {shows}, and everything was put back."
    assert_untouched(desk, before)
    assert {r.wanted: r.status for r in desk.daemon.receipts()[0].results} == {0.4: "refused", 0.3: "ok"}


def test_a_band_that_does_not_switch_on_takes_everything_back(desk: ReaperSession, before, monkeypatch) -> None:
    equaliser = desk.track.find_fx("ReaEQ")
    monkeypatch.setattr(equaliser, "enable_band", lambda *_: False)

    shown = equaliser.values()
    desk.daemon.answer = set_low_cut
    desk.run()
    assert desk.box == "Vocals: the band does not switch on, and everything was put back."
    assert equaliser.values() == shown
    assert_untouched(desk, before)
    assert [r.status for r in desk.daemon.receipts()[0].results] == ["refused"]


def test_only_the_track_that_refuses_is_put_back(desk: ReaperSession, before) -> None:
    other = desk.reaper.project.add_track("Bass", noise(0.5))
    other.add_fx("ReaComp")
    other.selected = True
    desk.reaper.project.history.rebase()
    desk.track.find_fx("ReaComp").fault("Ratio", is_refused=True)
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == before
    assert desk.comp_values(other) == (0.4, 0.3)
    assert desk.reaper.undo_points == ["Bridge: Auto-mix 2 tracks"]
    assert {r.status for r in desk.daemon.receipts()} == {"restored", "applied"}
    desk.reaper.undo()
    assert desk.comp_values(other) != (0.4, 0.3)


def test_an_edit_right_after_writing_keeps_its_own_undo_step(desk: ReaperSession, before) -> None:
    """The plugin refuses, and before that shows the user has moved something else: undo must not take that away."""
    comp, equaliser = desk.track.find_fx("ReaComp"), desk.track.find_fx("ReaEQ")
    comp.fault("Ratio", is_refused=True)

    def answer(request: Request) -> Reply:
        desk.reaper.on_tick(1, lambda: desk.reaper.turn_knob(equaliser, "Global Gain", 0.33))
        return set_comp(request)

    desk.daemon.answer = answer
    desk.run()
    assert desk.comp_values() == before
    assert equaliser.values()["Global Gain"][0] == 0.33
    assert "Edit FX parameter" in desk.reaper.undo_points


# ---------------------------------------------------------------- the user stops it


def test_a_script_stopped_while_it_reads_leaves_nothing(desk: ReaperSession, before) -> None:
    desk.track.items.clear()
    desk.track.add_item(noise(30.0))
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.tick()
    assert desk.reaper.accessors
    desk.reaper.stop_scripts()
    assert desk.reaper.accessors == []
    assert_untouched(desk, before)


def test_a_script_stopped_while_it_waits_takes_its_request_back(desk: ReaperSession, before) -> None:
    desk.daemon.answer = silent
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: bool(desk.daemon.requests))
    desk.reaper.stop_scripts()
    assert_untouched(desk, before)
