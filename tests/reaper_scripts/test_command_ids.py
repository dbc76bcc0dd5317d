"""Scripts that lie elsewhere than `install` puts them tell the daemon how REAPER calls those that it starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from reaper_session import FakeDaemon, ReaperSession, noise, set_comp

from bridge.settings import shipped_folder
from bridge.standin import StandIn

STARTED = {"bridge_surface_automix.lua", "bridge_surface_live.lua"}


@pytest.fixture
def elsewhere(lua: str, tmp_path: Path) -> Iterator[ReaperSession]:
    """Scripts that somebody has copied, and of which only the action was loaded by hand."""
    scripts = tmp_path / "my scripts"
    shutil.copytree(shipped_folder("reaper_scripts"), scripts)
    home = tmp_path / "home"
    with StandIn(home, lua=lua, seed=3, scripts=scripts) as reaper:
        reaper.commands.clear()
        reaper.ext_state["Bridge", "home"] = str(home)
        track = reaper.project.add_track("Vocals", noise(1.0))
        track.add_fx("ReaComp")
        track.selected = True
        reaper.project.history.rebase()
        desk = ReaperSession(reaper, FakeDaemon(reaper), track)
        desk.daemon.answer = set_comp
        yield desk


def told(desk: ReaperSession) -> dict[str, str]:
    return json.loads((desk.daemon.spool / "commands.json").read_bytes())["commands"]


def test_the_daemon_is_told_names_that_reaper_knows(elsewhere: ReaperSession) -> None:
    elsewhere.run()
    names = told(elsewhere)
    assert set(names) == STARTED
    assert set(names.values()) <= set(elsewhere.reaper.commands)
    assert elsewhere.daemon.receipts()[0].status == "applied"


def test_it_is_told_once_while_reaper_runs(elsewhere: ReaperSession) -> None:
    elsewhere.run()
    (elsewhere.daemon.spool / "commands.json").unlink()
    elsewhere.run()
    assert not (elsewhere.daemon.spool / "commands.json").exists()


def test_a_script_that_is_missing_is_not_told(elsewhere: ReaperSession) -> None:
    (elsewhere.reaper.scripts_folder / "bridge_surface_live.lua").unlink()
    elsewhere.run()
    assert set(told(elsewhere)) == STARTED - {"bridge_surface_live.lua"}


def test_installed_scripts_tell_nothing_for_their_names_are_known(desk: ReaperSession) -> None:
    before = dict(desk.reaper.commands)
    desk.daemon.answer = set_comp
    desk.run()
    assert not (desk.daemon.spool / "commands.json").exists()
    assert desk.reaper.commands == before
