"""Small scripts in the stand-in, under both Lua versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.standin import StandIn
from bridge.standin.lua.script import LUA_MODULES


@pytest.fixture(params=sorted(LUA_MODULES))
def lua(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reaper(tmp_path: Path, lua: str) -> Iterator[StandIn]:
    """One track called Guitar with half a second of noise and a ReaComp, selected."""
    with StandIn(tmp_path / "home", lua=lua, seed=4, scripts=tmp_path) as standin:
        audio = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 24000)).astype(np.float32)
        track = standin.project.add_track("Guitar", audio)
        track.add_fx("ReaComp")
        track.selected = True
        standin.project.history.rebase()
        yield standin


@pytest.fixture
def run(reaper: StandIn, tmp_path: Path) -> Callable[[str], list[str]]:
    """`run(code)`: run it as a script to its end; returns what it has said with `say(...)`."""

    def run_code(code: str) -> list[str]:
        head = """
            local track = reaper.GetSelectedTrack2(0, 0, false)
            local function say(...)
                local parts = table.pack(...)
                for index = 1, parts.n do parts[index] = tostring(parts[index]) end
                reaper.ShowConsoleMsg(table.concat(parts, " "))
            end
        """
        (tmp_path / "probe.lua").write_text(head + code, encoding="utf-8")
        reaper.run_action("probe.lua")
        reaper.run_until_idle(limit_s=10)
        return reaper.messages.console

    return run_code
