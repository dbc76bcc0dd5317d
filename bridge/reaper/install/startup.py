"""A marked block in REAPER's `Scripts/__startup.lua` that starts the daemon with REAPER. Only for users who ask for it.

The block stands at the top: behind a `return` at the end of a user's script nothing may follow. A second daemon leaves
at once and says so, so REAPER may be started as often as one likes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bridge.errors import SettingsError
from bridge.reaper.install.text_file import TextFile, body_of, insert, remove

FIRST = "-- Bridge: starts its daemon with REAPER. `reaper-bridge uninstall` removes these lines."
LAST = "-- Bridge: end."
_CALL = re.compile(r'reaper\.ExecProcess\("((?:\\[0-9]{3}|[^"\\])*)", -?[0-9]+\)')
IN_BACKGROUND = -2  # ExecProcess does not wait, and shows no window


def daemon_command(home: Path) -> list[str]:
    """The command that starts this Bridge's daemon, with absolute paths: REAPER searches none."""
    program = Path(sys.executable)
    windowless = program.with_name("pythonw.exe")
    return [
        str(windowless if windowless.is_file() else program),
        "-m",
        "bridge",
        "--home",
        str(home.absolute()),
        "daemon",
    ]


def has_block(text: TextFile) -> bool:
    return any(body_of(line) == FIRST for line in text.lines)


def command_in(text: TextFile) -> str | None:
    """The command line of the block; None where there is no block."""
    bodies = [body_of(line) for line in text.lines]
    if FIRST not in bodies:
        return None
    found = _CALL.fullmatch("".join(bodies[bodies.index(FIRST) + 1 : bodies.index(FIRST) + 2]))
    if not found:
        return ""
    escaped = re.sub(r"\\([0-9]{3})", lambda match: chr(int(match[1])), found[1])
    return escaped.encode("latin-1").decode("utf-8", "replace")


def add(text: TextFile, command: Sequence[str]) -> TextFile:
    """With the block that runs `command`; an earlier block is replaced."""
    text = take_out(text, source="Scripts/__startup.lua")
    at = 1 if text.lines and text.lines[0].startswith("#") else 0
    joined = subprocess.list2cmdline(command)  # REAPER splits at blanks outside of double quotes, on every system
    return insert(text, at, [FIRST, f"reaper.ExecProcess({_quoted(joined)}, {IN_BACKGROUND})", LAST])


def take_out(text: TextFile, *, source: str) -> TextFile:
    """Without the block. SettingsError where its last line is missing: what follows may be the user's."""
    bodies = [body_of(line) for line in text.lines]
    if FIRST not in bodies:
        return text
    first = bodies.index(FIRST)
    if LAST not in bodies[first:]:
        raise SettingsError(
            f"{source} holds Bridge's block, but not the line {LAST!r} that ends it. Remove the block by hand."
        )
    return remove(text, first, bodies.index(LAST, first) - first + 1)


def _quoted(text: str) -> str:
    """As a Lua string of ASCII alone: other bytes by their numbers, as UTF-8, which REAPER expects."""
    safe = {byte for byte in range(32, 127) if chr(byte) not in '\\"'}
    return '"' + "".join(chr(byte) if byte in safe else f"\\{byte:03d}" for byte in os.fsencode(text)) + '"'
