"""Scripts under both Lua versions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reaper_session import FakeDaemon, ReaperSession, noise

from bridge.settings import shipped_folder
from bridge.standin import StandIn
from bridge.standin.lua.script import LUA_MODULES

SCRIPTS = shipped_folder("reaper_scripts")


@pytest.fixture(params=sorted(LUA_MODULES))
def lua(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def module(lua: str) -> Callable[[str], Any]:
    """`module(name)`: one of the scripts' modules that needs no REAPER, in a plain Lua."""
    runtime = importlib.import_module(LUA_MODULES[lua]).LuaRuntime(encoding=None, unpack_returned_tuples=True)
    runtime.execute(f'package.path = "{(SCRIPTS / "lib").as_posix()}/?.lua"'.encode())

    def load(name: str) -> Any:
        loaded = runtime.globals().require(name.encode())
        return loaded[0] if isinstance(loaded, tuple) else loaded

    load.runtime = runtime  # type: ignore[attr-defined]
    return load


@pytest.fixture
def desk(lua: str, tmp_path: Path) -> Iterator[ReaperSession]:
    with StandIn(tmp_path / "Bridge Büro", lua=lua, seed=11) as reaper:
        track = reaper.project.add_track("Vocals", noise(2.0))
        track.add_fx("ReaEQ", low_cut="off")
        track.add_fx("ReaComp")
        track.selected = True
        reaper.ext_state["Bridge", "add_fx"] = "no"  # this user was asked once, and wants none added
        reaper.project.history.rebase()
        yield ReaperSession(reaper, FakeDaemon(reaper), track)
