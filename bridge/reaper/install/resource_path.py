"""Where REAPER keeps its settings, and whether it runs. Reads only."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.errors import SettingsError

INI = "reaper.ini"
KEY_MAP = "reaper-kb.ini"
STARTUP = "Scripts/__startup.lua"
PATTERNS = "OSC/Bridge.ReaperOSC"
PROGRAM_NAMES = frozenset({"reaper", "reaper.exe", "reaper_host64.exe"})


def find_resource_path(given: Path | None = None, *, environment: Mapping[str, str] = os.environ) -> Path:
    """REAPER's resource folder: the given one (portable installations), or the platform's.

    SettingsError where there is none, with the place in REAPER that shows it.
    """
    folder = given or usual_path(environment)
    if not folder.is_dir():
        raise SettingsError(
            f"REAPER's resource folder is not at {folder}. In REAPER, Options > Show REAPER resource path shows it: "
            "give it with --resource-path."
        )
    if not find_file(folder, INI).is_file():
        raise SettingsError(
            f"{folder} holds no {INI}, so it is not REAPER's resource folder, or REAPER has never run. Start REAPER "
            "once and close it; Options > Show REAPER resource path shows the folder to give with --resource-path."
        )
    return folder.absolute()


def usual_path(environment: Mapping[str, str] = os.environ, *, platform: str = sys.platform) -> Path:
    """The resource folder of an installation that is not portable."""
    if platform == "win32":
        return Path(environment.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "REAPER"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "REAPER"
    return Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "REAPER"


def find_file(folder: Path, name: str) -> Path:
    """A file of the resource folder, in whatever capitals its name is written; where it would be, if there is none."""
    path = folder / name
    if path.exists() or not path.parent.is_dir():
        return path
    return next((f for f in sorted(path.parent.iterdir()) if f.name.lower() == path.name.lower()), path)


def refuse_while_running() -> None:
    """SettingsError while REAPER runs: on exit it writes its settings over what was changed in them meanwhile."""
    if pids := _running():
        who = ", ".join(f"process {pid}" for pid in pids)
        raise SettingsError(f"REAPER is running ({who}), and would undo this on exit. Close it, then retry.")


def is_running() -> bool:
    """Whether a REAPER runs, of whatever folder."""
    return bool(_running())


def _running() -> list[int]:
    return [pid for pid, name in running_processes() if name.lower() in PROGRAM_NAMES]


def running_processes() -> Iterator[tuple[int, str]]:
    """Process ids and program names, as the system lists them; none where it lists none."""
    if sys.platform == "win32":
        for row in csv.reader(_output("tasklist", "/FO", "CSV", "/NH").splitlines()):
            if len(row) > 1 and row[1].isdigit():
                yield int(row[1]), row[0]
    elif Path("/proc/self/comm").exists():
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                yield int(folder.name), (folder / "comm").read_text("utf-8", "replace").strip()
            except OSError:
                continue  # it has ended meanwhile
    else:
        for line in _output("ps", "-A", "-o", "pid=,comm=").splitlines():
            pid, _, program = line.strip().partition(" ")
            if pid.isdigit():
                yield int(pid), Path(program.strip()).name


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
    except OSError:
        return ""
