"""Answers about the program itself: messages, clock, folders, ext state, actions."""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

from bridge.standin.api.binding import answers
from bridge.standin.api.signatures import LUA_ONLY, signatures
from bridge.standin.calls.lists import at
from bridge.standin.faults import Misuse
from bridge.standin.program import Program
from bridge.standin.projects.project import Project


@answers("ShowConsoleMsg")
def show_console(reaper: Program, text: str) -> None:
    reaper.messages.console.append(text)


@answers("ClearConsole")
def clear_console(reaper: Program) -> None:
    reaper.messages.console.clear()


@answers("ShowMessageBox", "MB")
def show_box(reaper: Program, text: str, title: str, kind: int) -> int:
    if not 0 <= kind <= 5:
        raise Misuse(f"ShowMessageBox has the kinds 0..5, not {kind}")
    reaper.messages.boxes.append(text)
    return reaper.messages.answer(title)


@answers("GetUserFileNameForRead")
def choose_file(reaper: Program, _name: str, _title: str, _extension: str) -> tuple[bool, str]:
    chosen = reaper.messages.chosen_files
    return (True, chosen.pop(0)) if chosen else (False, "")


@answers("GetUserInputs")
def ask_inputs(reaper: Program, _title: str, count: int, _captions: str, _values: str) -> tuple[bool, str]:
    if not 1 <= count <= 16:
        raise Misuse(f"GetUserInputs takes 1..16 fields, not {count}")
    typed = reaper.messages.inputs
    return (True, typed.pop(0)) if typed else (False, "")


@answers("GetThemeColor")
def theme_colour(reaper: Program, name: str, _flags: int | None) -> int:
    return reaper.theme_colours.get(name, -1)


@answers("ColorFromNative")
def colour_from_native(_reaper: Program, colour: int) -> tuple[int, int, int]:
    """REAPER's colours are the system's: here 0xRRGGBB."""
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255


@answers("SetToggleCommandState")
def set_toggle(reaper: Program, _section: int, command: int, state: int) -> bool:
    reaper.toggles[command] = state
    return True


@answers("RefreshToolbar2")
def refresh_toolbar(_reaper: Program, _section: int, _command: int) -> None:
    """No toolbar is drawn here."""


@answers("Help_Set")
def help_set(reaper: Program, text: str, _is_temporary: bool) -> None:
    reaper.messages.help.append(text)


@answers("time_precise")
def time_precise(_reaper: Program) -> float:
    return time.perf_counter()


@answers("GetOS")
def get_os(reaper: Program) -> str:
    return reaper.os_name or {"win32": "Win64", "darwin": "macOS-arm64"}.get(sys.platform, "Other")


@answers("GetAppVersion")
def get_app_version(_reaper: Program) -> str:
    return "7.78/linux-x86_64"


@answers("GetResourcePath")
def get_resource_path(reaper: Program) -> str:
    return reaper.resource_path


@answers("GetAudioDeviceInfo")
def get_audio_device(reaper: Program, name: str, _: str | None) -> tuple[bool, str]:
    known = {"SRATE": str(reaper.project.sample_rate_hz), "BSIZE": "512", "MODE": "stand-in"}
    return name in known, known.get(name, "")


@answers("RecursiveCreateDirectory")
def create_directory(_reaper: Program, path: str, _ignored: int) -> int:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError:
        return 0
    return 1


def _names(path: str, want_files: bool) -> list[str]:
    folder = Path(path)
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file() == want_files)


@answers("EnumerateFiles")
def enumerate_files(_reaper: Program, path: str, index: int) -> str | None:
    return at(_names(path, True), index)


@answers("EnumerateSubdirectories")
def enumerate_folders(_reaper: Program, path: str, index: int) -> str | None:
    return at(_names(path, False), index)


@answers("file_exists")
def file_exists(_reaper: Program, path: str) -> bool:
    return Path(path).is_file()


@answers("GetExtState")
def get_ext_state(reaper: Program, section: str, key: str) -> str:
    return reaper.ext_state.get((section, key), "")


@answers("HasExtState")
def has_ext_state(reaper: Program, section: str, key: str) -> bool:
    return (section, key) in reaper.ext_state


@answers("SetExtState")
def set_ext_state(reaper: Program, section: str, key: str, value: str, persist: bool) -> None:
    if persist and "\n" in value:
        raise Misuse("SetExtState: a value that persists cannot hold a line break")
    reaper.ext_state[(section, key)] = value


@answers("DeleteExtState")
def delete_ext_state(reaper: Program, section: str, key: str, _persist: bool) -> None:
    reaper.ext_state.pop((section, key), None)


@answers("genGuid")
def gen_guid(_reaper: Program, _: str) -> str:
    return "{" + str(uuid.uuid4()).upper() + "}"


@answers("APIExists")
def api_exists(_reaper: Program, name: str) -> bool:
    return (name in signatures() and not signatures()[name].is_c_only) or name in LUA_ONLY


@answers("PreventUIRefresh")
def prevent_refresh(reaper: Program, count: int) -> None:
    reaper.refresh_prevented += count
    if reaper.refresh_prevented < 0:
        raise Misuse("PreventUIRefresh was released more often than it was taken")


@answers("UpdateArrange", "TrackList_UpdateAllExternalSurfaces")
def update_arrange(_reaper: Program) -> None:
    """Nothing of the arrangement is drawn here."""


@answers("NamedCommandLookup")
def named_command(reaper: Program, name: str) -> int:
    return reaper.commands.get(name, 0)


@answers("AddRemoveReaScript")
def add_script(reaper: Program, is_added: bool, section: int, path: str, _commit: bool) -> int:
    """A script that is known keeps its number. Taking scripts out is not simulated."""
    if section or not is_added:
        raise Misuse("AddRemoveReaScript: only scripts of the main section are added here")
    return reaper.add_script(Path(path))


@answers("ReverseNamedCommandLookup")
def command_name(reaper: Program, command: int) -> str | None:
    name = next((name for name, number in reaper.commands.items() if number == command), None)
    return None if name is None else name.removeprefix("_")


@answers("Main_OnCommandEx")
def on_command(reaper: Program, command: int, _flag: int, _project: Project | None) -> None:
    reaper.run_command(command)


@answers("Main_OnCommand")
def on_command_of_current(reaper: Program, command: int, _flag: int) -> None:
    reaper.run_command(command)
