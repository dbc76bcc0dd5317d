"""Everything is selected: what cannot be done is said in a few lines, and of each track in the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from reaper_session import ReaperSession, longest_slices_s, noise

ODD = '100% "Vox" \\ %s\nline {track}'
SLICE_S = 0.015


@pytest.fixture
def session(desk: ReaperSession) -> ReaperSession:
    """60 tracks as the census has them: most without FX, some recording, folders, buses; one that can be set. The user
    lets REAPER render nothing."""
    desk.reaper.ext_state[("Bridge", "render")] = "never"
    project, audio = desk.reaper.project, noise(0.6)
    for number in range(59):
        track = project.add_track(f"Take {number}" if number else ODD, audio if number < 57 else None)
        track.selected = True
        if number >= 34:
            track.add_fx("ReaEQ")
        if 34 <= number < 44:
            track.automation_mode = 3
        if number in (44, 46, 48):
            track.folder_depth = 1
        if number in (45, 47, 49):
            track.folder_depth = -1
        if number in (57, 58):
            track.add_receive(desk.track)
    project.history.rebase()
    return desk


def test_sixty_tracks_are_one_short_box(session: ReaperSession) -> None:
    session.run(limit_s=60)
    lines = session.box.splitlines()
    assert len(lines) <= 8, session.box
    assert len(session.box) < 1000
    assert lines[0] == (
        '34 tracks (100% "Vox" \\ %s line {track}, Take 1, Take 2 and 31 more) have no FX. Add the plugins that Bridge '
        'shall set, or run "Bridge: Auto-mix track, adding missing FX".'
    )
    assert lines[1] == "10 tracks (Take 34, Take 35, Take 36 and 7 more) record automation. Put them into Trim/Read."
    assert lines[-1] == "What is said of each track stands in REAPER's console."


def test_the_console_says_it_of_every_track(session: ReaperSession) -> None:
    session.run(limit_s=60)
    for track in session.reaper.project.tracks[2:]:
        assert f"Bridge: {track.name} " in session.console or f"Bridge: {track.name}: " in session.console
    assert "Take 57 is a bus: its sound comes from Vocals" in session.console


def test_few_problems_are_told_one_by_one(desk: ReaperSession) -> None:
    for number in range(3):
        desk.reaper.project.add_track(f"Take {number}", noise(0.6)).selected = True
    desk.run()
    assert [line.split(" has no FX")[0] for line in desk.box.splitlines()] == ["Take 0", "Take 1", "Take 2"]


def test_names_are_cut_and_kept_to_one_line(module: Callable[[str], Any]) -> None:
    load = module.runtime.eval  # type: ignore[attr-defined]
    describe = module("ui.describe")
    facts = load(b"""(function()
        local facts = {}
        for i = 1, 6 do facts[i] = { kind = "muted_track", track = ("\\xd0\\x96"):rep(700) } end
        return facts
    end)()""")
    said = describe[b"group"](facts).decode()
    assert said == f"6 tracks ({', '.join(['Ж' * 30 + '...'] * 3)} and 3 more) are muted."


@pytest.mark.alone
def test_thousands_of_items_never_hold_reaper_up(desk: ReaperSession) -> None:
    desk.track.items.clear()
    audio = noise(0.05)
    for number in range(3000):
        desk.track.add_item(audio, position_s=0.06 * number)

    def run() -> None:
        desk.daemon.beat()  # on a busy machine one run takes longer than a heartbeat is good for
        desk.run(limit_s=120)

    shortest_s, longest_s = longest_slices_s(desk.reaper, run, runs=3)
    assert desk.reaper.messages.boxes == []
    assert len(desk.daemon.requests) == 3
    for request in desk.daemon.requests:
        assert len(request.audio.excerpts) <= 1000
        assert sum(excerpt.frames for excerpt in request.audio.excerpts) <= 120 * 48000
    assert shortest_s < SLICE_S + 0.005
    assert longest_s < 3 * SLICE_S
