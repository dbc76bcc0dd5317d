"""The actions beside auto-mix: amount, compare, next style, missing FX, learning, mastering, cancelling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reaper_session import ReaperSession, applying, noise, set_comp, silent, unchanged, write_to

from bridge.audio.spool_wav import read_float_wav
from bridge.plugins.recognition.recognise import recognise
from bridge.reaper.mapping.snapshot import plugins_of, read_parameter_lists
from bridge.reaper.protocol.messages import SCHEMA, Reply, Request, SkipReason, decode
from bridge.settings import shipped_folder
from bridge.standin.project.project import USERS_NUMBERS, USERS_TEXTS
from bridge.standin.project.rendering import mix_project

ACTIONS = sorted(file.name for file in shipped_folder("reaper_scripts").glob("*.lua"))


@pytest.fixture
def mixed(desk: ReaperSession) -> ReaperSession:
    desk.before = desk.comp_values()  # type: ignore[attr-defined]
    desk.daemon.answer = set_comp
    desk.run()
    return desk


def share(desk: ReaperSession) -> float:
    """How far the threshold stands between before and after."""
    before = desk.before[0]  # type: ignore[attr-defined]
    return (desk.comp_values()[0] - before) / (0.4 - before)


def test_amount_goes_down_and_up_in_tenths(mixed: ReaperSession) -> None:
    for action, wanted in (("down", 0.9), ("down", 0.8), ("up", 0.9), ("up", 1.0), ("up", 1.0)):
        mixed.run(f"bridge_amount_{action}.lua")
        assert share(mixed) == pytest.approx(wanted, abs=1e-6)
    assert "Bridge: amount 80 %" in mixed.console
    assert mixed.reaper.messages.boxes == []
    mixed.reaper.undo()
    mixed.reaper.undo()
    assert share(mixed) == pytest.approx(0.9, abs=0.11)


@pytest.mark.parametrize(("typed", "wanted"), [("35", 0.35), (" 12,5 % ", 0.125), ("0", 0.0)])
def test_amount_is_set_to_what_is_typed(mixed: ReaperSession, typed: str, wanted: float) -> None:
    mixed.reaper.messages.inputs.append(typed)
    mixed.run("bridge_amount_set.lua")
    assert share(mixed) == pytest.approx(wanted, abs=1e-6)


def test_an_amount_that_is_none_is_named(mixed: ReaperSession) -> None:
    mixed.reaper.messages.inputs.append("lots")
    mixed.run("bridge_amount_set.lua")
    assert 'a number from 0 to 100, not "lots"' in mixed.box
    assert share(mixed) == 1.0


def test_compare_goes_to_before_and_back(mixed: ReaperSession) -> None:
    mixed.run("bridge_compare.lua")
    assert mixed.comp_values() == mixed.before  # type: ignore[attr-defined]
    mixed.run("bridge_compare.lua")
    assert mixed.comp_values() == (0.4, 0.3)


@pytest.mark.parametrize("action", ["bridge_amount_up.lua", "bridge_compare.lua", "bridge_amount_set.lua"])
def test_where_bridge_has_set_nothing_that_is_said(desk: ReaperSession, action: str) -> None:
    desk.run(action)
    assert "Bridge has set nothing on this track yet" in desk.box


def test_styles_follow_each_other_and_then_none(desk: ReaperSession) -> None:
    desk.run("bridge_next_style.lua")
    assert "There are no styles yet" in desk.box
    folder = desk.reaper.home / "styles"
    folder.mkdir()
    for name in ("warm", "airy", "äther"):
        (folder / f"{name}.safetensors").write_bytes(b"")
    for _ in range(4):
        desk.run("bridge_next_style.lua")
    assert [request.options.style for request in desk.daemon.requests] == ["airy", "warm", "äther", None]


def test_missing_fx_are_added_and_nothing_is_set(desk: ReaperSession) -> None:
    desk.track.items.clear()  # no sound is needed for that
    desk.reaper.project.history.rebase()

    def answer(request: Request) -> Reply:
        assert request.options.only_missing
        assert request.options.add_missing_fx
        names = ("VST3: ZamTube",)
        return Reply(schema=SCHEMA, id=request.id, status="add_fx", add_fx=names)

    desk.daemon.answer = answer
    desk.run("bridge_add_missing_fx.lua")
    assert desk.reaper.messages.boxes == []
    assert "Bridge: Vocals: added VST3: ZamTube" in desk.console
    assert len(desk.track.fx) == 3
    assert desk.reaper.undo_points == ["Bridge: Add missing FX"]
    desk.reaper.undo()
    assert len(desk.track.fx) == 2
    desk.daemon.answer = lambda request: unchanged(
        request, decision=None, skipped=SkipReason.NOTHING_MISSING, model="m"
    )
    desk.run("bridge_add_missing_fx.lua")
    assert "Nothing to add" in desk.console
    assert len(desk.daemon.requests) == 2


def test_a_chain_is_exported_for_the_command_line(desk: ReaperSession) -> None:
    desk.track.add_fx("VST3: ZamCompX2")
    desk.track.name = 'Lead: "A/B"'
    desk.run("bridge_learn_chain.lua")
    (file,) = (desk.reaper.home / "snapshots").iterdir()
    assert file.name.startswith("Lead   A B")
    assert f'reaper-bridge chain from-snapshot "{file}"' in desk.console
    plugins, others = plugins_of(file)
    assert plugins == ["vst3:ZamCompX2"]
    assert [name for name in others if "ReaEQ" in name or "ReaComp" in name] == others
    assert len(decode(file.read_bytes(), Request, source="").fx) == 3
    assert desk.reaper.undo_points == []
    readings = {reading.fx_name: reading for reading in map(recognise, read_parameter_lists(file))}
    (comp,) = (reading for name, reading in readings.items() if "ReaComp" in name)
    assert comp.kind == "compressor"
    assert {"threshold", "ratio", "attack", "release"} <= {row.role for row in comp.parameters}


def test_a_track_without_fx_has_nothing_to_learn(desk: ReaperSession) -> None:
    desk.track.fx.clear()
    desk.run("bridge_learn_chain.lua")
    assert "there is nothing to learn" in desk.box


# ---------------------------------------------------------------- mastering


@pytest.fixture
def master(desk: ReaperSession) -> ReaperSession:
    project = desk.reaper.project
    project.add_track("Drums", noise(2.0, seed=3))
    project.master.add_fx("ReaComp")
    project.master.volume = 0.5
    project.history.rebase()
    return desk


@pytest.mark.parametrize("selection", [(0.0, 0.0), (0.5, 1.25)])
def test_the_master_is_set_by_the_mix_as_its_fx_hear_it(master: ReaperSession, selection: tuple[float, float]) -> None:
    project = master.reaper.project
    project.time_selection = selection
    heard: list[np.ndarray] = []

    def answer(request: Request) -> Reply:
        assert (request.track.index, request.options.model) == (-1, "mastering")
        audio, _ = read_float_wav(master.daemon.spool / "audio" / request.audio.file)
        assert audio.shape[1] == sum(part.frames for part in request.audio.excerpts)
        heard.append(audio)
        return applying(request, write_to(request.fx[0], "Thresh", 0.4))

    master.daemon.answer = answer
    master.run("bridge_master.lua")
    assert master.reaper.messages.boxes == []
    assert master.comp_values(project.master)[0] == 0.4
    start_s, end_s = selection if selection[1] else (0.0, 2.0)
    project.master.is_fx_enabled, project.master.volume = False, 1.0
    assert np.allclose(heard[0], mix_project(project, start_s, end_s), atol=1e-6)
    assert master.daemon.leftovers() == []


def test_what_a_render_needs_is_put_back(master: ReaperSession) -> None:
    project = master.reaper.project
    master.run("bridge_master.lua")
    assert (project.render_numbers, project.render_texts) == (USERS_NUMBERS, USERS_TEXTS)
    assert (project.master.is_fx_enabled, project.master.volume) == (True, 0.5)
    assert master.reaper.undo_points == []


def test_a_long_mix_is_heard_in_excerpts(master: ReaperSession) -> None:
    project = master.reaper.project
    master.track.fx.clear()
    project.tracks[1].add_item(noise(1.0), position_s=121.0)
    master.run("bridge_master.lua")
    (request,) = master.daemon.requests
    frames = sum(part.frames for part in request.audio.excerpts)
    assert len(request.audio.excerpts) > 1
    assert frames <= 120 * project.sample_rate_hz


def test_a_render_that_was_cancelled_is_named(master: ReaperSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.standin.project.rendering.render_project", lambda _: None)
    master.run("bridge_master.lua")
    assert "REAPER rendered no mix" in master.box
    assert master.daemon.leftovers() == []


def test_a_script_stopped_while_the_mix_is_copied_leaves_nothing(master: ReaperSession) -> None:
    master.track.fx.clear()
    master.reaper.project.tracks[1].add_item(noise(30.0), position_s=2.0)
    master.reaper.run_action("bridge_master.lua")
    master.reaper.run_until(lambda: any(name.startswith("audio/") for name in master.daemon.leftovers()))
    master.reaper.stop_scripts()
    assert master.daemon.leftovers() == []


def test_missing_fx_are_added_to_the_master(master: ReaperSession) -> None:
    master.track.selected = False
    master.reaper.project.master.selected = True

    def answer(request: Request) -> Reply:
        return Reply(schema=SCHEMA, id=request.id, status="add_fx", add_fx=("ReaEQ",))

    master.daemon.answer = answer
    master.run("bridge_add_missing_fx.lua")
    assert [fx.is_eq for fx in master.reaper.project.master.fx] == [False, True]


def test_an_empty_project_has_no_mix(master: ReaperSession) -> None:
    for track in master.reaper.project.tracks:
        track.items.clear()
    master.run("bridge_master.lua")
    assert "there is no mix to master" in master.box


def test_the_master_is_not_set_by_auto_mix(master: ReaperSession) -> None:
    master.track.selected = False
    master.reaper.project.master.selected = True
    master.run()
    assert 'Run "Bridge: Master the mix"' in master.box


# ---------------------------------------------------------------- cancelling, several tracks


def test_cancelling_ends_the_action_for_all_tracks(desk: ReaperSession) -> None:
    for number in range(3):
        other = desk.reaper.project.add_track(f"Track {number}", noise(0.5))
        other.add_fx("ReaComp")
        other.selected = True
    desk.daemon.answer = lambda request: set_comp(request) if request.track.name == "Vocals" else silent(request)
    before = desk.comp_values()
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_until(lambda: len(desk.daemon.requests) == 4)
    desk.daemon.report(desk.daemon.requests[1], 0.5, "trying settings")
    desk.reaper.run_until(
        lambda: any("Track 0 (2 of 4): trying settings, 50%" in line for line in desk.reaper.messages.help)
    )
    desk.reaper.run_action("bridge_cancel.lua")
    desk.reaper.run_until_idle()
    assert desk.box == "Cancelled. Nothing was changed."
    assert (desk.comp_values(), desk.daemon.leftovers(), desk.reaper.undo_points) == (before, [], [])


def test_cancelling_while_nothing_runs_does_nothing(desk: ReaperSession) -> None:
    desk.run("bridge_cancel.lua")
    desk.daemon.answer = set_comp
    desk.run()
    assert desk.comp_values() == (0.4, 0.3)
    assert desk.reaper.undo_points == ["Bridge: Auto-mix track"]


def test_cancelling_while_a_track_is_read(desk: ReaperSession) -> None:
    desk.track.add_item(noise(30.0), position_s=2.0)
    desk.reaper.run_action("bridge_automix.lua")
    desk.reaper.run_ticks(5)
    desk.reaper.run_action("bridge_cancel.lua")
    desk.reaper.run_until_idle()
    assert desk.box == "Cancelled. Nothing was changed."
    assert (desk.daemon.requests, desk.daemon.leftovers()) == ([], [])


@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "bridge_panel.lua"])
def test_no_action_makes_an_undo_point_of_its_own(desk: ReaperSession, action: str, tmp_path: Path) -> None:
    desk.reaper.messages.chosen_files.append(str(tmp_path / "song.wav"))
    desk.run(action)
    assert [point for point in desk.reaper.undo_points if point.startswith("ReaScript")] == []
