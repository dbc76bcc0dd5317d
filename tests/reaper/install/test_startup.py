"""The block in `__startup.lua`, run by the real Lua: it starts the daemon by its absolute path, and harms nothing."""

from __future__ import annotations

import importlib
import shlex
import sys
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.reaper.install import startup
from bridge.reaper.install.text_file import TextFile, parse, serialise

HOME = Path("/home/Jörg \"J\" Müller/Bridge 'x'")


def started(text: TextFile, lua: str) -> tuple[list[tuple[str, int]], object]:
    """What a startup file asks of REAPER, and what it returns."""
    runtime = importlib.import_module({"5.3": "lupa.lua53", "5.4": "lupa.lua54"}[lua]).LuaRuntime(encoding="utf-8")
    calls: list[tuple[str, int]] = []
    runtime.globals().reaper = runtime.table(ExecProcess=lambda command, limit_ms: calls.append((command, limit_ms)))
    returned = runtime.execute(serialise(text).decode("utf-8"))
    return calls, returned


@pytest.mark.parametrize("lua", ["5.3", "5.4"])
@pytest.mark.parametrize("before", ["", "local x = 40\nreturn x + 2", "# a line for a shell\nreturn 42"])
def test_the_daemon_is_started_beside_what_the_user_does(before: str, lua: str) -> None:
    command = startup.daemon_command(HOME)
    added = startup.add(parse(before.encode(), source="x"), command)
    if before.startswith("#"):
        assert added.lines[0].startswith("#")  # REAPER's loader skips it, as the stand-alone Lua does
        added = TextFile(added.lines[1:])
    ((line, limit_ms),), returned = started(added, lua)
    assert limit_ms == startup.IN_BACKGROUND
    assert startup.command_in(added) == line
    assert returned == (42 if before else None)
    if sys.platform != "win32":
        assert shlex.split(line) == command


def test_the_command_names_a_program_that_exists() -> None:
    program, *arguments = startup.daemon_command(HOME)
    assert Path(program).is_absolute()
    assert Path(program).is_file()
    assert arguments[-1] == "daemon"


def test_a_second_time_the_block_is_replaced() -> None:
    text = startup.add(startup.add(TextFile(), ["/a", "old"]), ["/b", "new"])
    assert started(text, "5.4")[0] == [("/b new", startup.IN_BACKGROUND)]


def test_a_block_that_is_cut_short_is_not_guessed_at() -> None:
    text = startup.add(TextFile(), ["/a"])
    with pytest.raises(SettingsError, match="by hand"):
        startup.take_out(TextFile(text.lines[:2]), source="x")
    assert startup.command_in(TextFile((f"{startup.FIRST}\n", "print(1)\n"))) == ""
    assert startup.command_in(TextFile()) is None
