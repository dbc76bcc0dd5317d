"""The main loop: ticks, deferred work, tabs, messages, actions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.standin import StandIn
from bridge.standin.faults import Misuse

Run = Callable[[str], list[str]]


def test_deferred_work_runs_once_per_tick_in_order(run: Run, reaper: StandIn) -> None:
    said = run("""
        local count = 0
        local function step() count = count + 1 say("a" .. count) if count < 3 then reaper.defer(step) end end
        reaper.defer(step)
        reaper.defer(function() say("b") end)
    """)
    assert said == ["a1", "b", "a2", "a3"]
    assert reaper.ticks == 3


def test_atexit_runs_when_the_user_stops_a_script(reaper: StandIn, tmp_path: Path) -> None:
    (tmp_path / "endless.lua").write_text(
        'local function go() reaper.defer(go) end go() reaper.atexit(function() reaper.ShowConsoleMsg("bye") end)'
    )
    reaper.run_action("endless.lua")
    for _ in range(5):
        reaper.tick()
    reaper.stop_scripts()
    assert reaper.messages.console == ["bye"]
    reaper.run_until_idle(limit_s=1)


def test_a_script_that_never_ends_meets_the_limit(run: Run, reaper: StandIn, tmp_path: Path) -> None:
    (tmp_path / "endless.lua").write_text("local function go() reaper.defer(go) end go()")
    reaper.run_action("endless.lua")
    with pytest.raises(Misuse, match=r"endless\.lua still waits after 0\.1 s"):
        reaper.run_until_idle(limit_s=0.1)


def test_boxes_are_answered_as_ordered(run: Run, reaper: StandIn) -> None:
    reaper.messages.answers["Sure?"] = 7
    assert run("say(reaper.MB('text', 'Sure?', 4), reaper.ShowMessageBox('text', 'Other', 1))") == ["7 2"]
    assert reaper.messages.questions == ["text", "text"]
    with pytest.raises(Misuse, match="gives one of"):
        run("reaper.MB('text', 'Sure?', 0 + 5)")


def test_tabs(run: Run, reaper: StandIn) -> None:
    first = reaper.project
    second = reaper.open_project("/b.rpp")
    reaper.switch_to(first)
    said = run("""
        local current, name = reaper.EnumProjects(-1)
        local other, other_name = reaper.EnumProjects(1)
        say(name, other_name, current == other, reaper.EnumProjects(2), reaper.CountTracks(other))
    """)
    assert said == ["/projects/Song One.rpp /b.rpp false nil 0"]
    reaper.close_project(first)
    assert reaper.project is second


def test_a_script_that_ends_at_once_gets_an_undo_point(run: Run, reaper: StandIn) -> None:
    run("reaper.TrackFX_SetParamNormalized(track, 0, 0, 0.1)")
    assert reaper.undo_points == ["ReaScript: probe.lua"]


def test_a_script_that_defers_gets_none(run: Run, reaper: StandIn) -> None:
    run("reaper.defer(function() end)")
    assert reaper.undo_points == []


def test_actions_run_by_their_named_command(reaper: StandIn, tmp_path: Path) -> None:
    (tmp_path / "hello.lua").write_text('reaper.ShowConsoleMsg("hello")')
    reaper.register_actions()
    name = reaper.command_name("hello.lua")
    (tmp_path / "caller.lua").write_text(f'reaper.Main_OnCommandEx(reaper.NamedCommandLookup("{name}"), 0, 0)')
    reaper.run_action("caller.lua")
    assert name.startswith("_RS")
    assert reaper.messages.console == ["hello"]


def test_files_and_folders(run: Run, tmp_path: Path) -> None:
    folder = (tmp_path / "ä b").as_posix()
    said = run(f"""
        say(reaper.RecursiveCreateDirectory("{folder}/sub", 0))
        local file = io.open("{folder}/x.txt", "wb") file:write("x") file:close()
        say(reaper.EnumerateFiles("{folder}", 0), reaper.EnumerateFiles("{folder}", 1))
        say(reaper.EnumerateSubdirectories("{folder}", 0), reaper.file_exists("{folder}/x.txt"))
    """)
    assert said == ["1", "x.txt nil", "sub true"]


def test_state_changes_move_the_count(run: Run) -> None:
    said = run("""
        local before = reaper.GetProjectStateChangeCount(0)
        reaper.TrackFX_SetParamNormalized(track, 0, 0, 0.3)
        say(reaper.GetProjectStateChangeCount(0) > before)
    """)
    assert said == ["true"]


ENDLESS = """
    reaper.set_action_options(%d)
    reaper.ShowConsoleMsg("begun")
    local function go() reaper.defer(go) end
    reaper.atexit(function() reaper.ShowConsoleMsg("ended") end)
    go()
"""


@pytest.mark.parametrize(
    ("flags", "said"), [(0, ["begun", "begun"]), (1, ["begun", "ended"]), (3, ["begun", "ended", "begun"])]
)
def test_a_script_has_a_say_in_what_happens_when_it_is_run_again(
    reaper: StandIn, tmp_path: Path, flags: int, said: list[str]
) -> None:
    (tmp_path / "endless.lua").write_text(ENDLESS % flags)
    reaper.run_action("endless.lua")
    reaper.tick()
    reaper.run_action("endless.lua")
    assert reaper.messages.console == said


def test_a_script_is_entered_in_the_action_list_once(run: Run, reaper: StandIn, tmp_path: Path) -> None:
    (tmp_path / "other.lua").write_text("")
    known = len(reaper.commands)
    said = run(f"""
        local path = [[{tmp_path / "other.lua"}]]
        local function add(what) return reaper.AddRemoveReaScript(true, 0, what, true) end
        local first, again = add(path), add(path)
        local name = reaper.ReverseNamedCommandLookup(first)
        say(first == again, reaper.NamedCommandLookup("_" .. name) == first, add(path .. "x"))
    """)
    assert said == ["true true 0"]
    assert len(reaper.commands) == known + 1
