"""The families of the program itself: messages, clock, folders, ext state, actions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.standin.api.binding import api_call, api_calls
from bridge.standin.api.signatures import LUA_ONLY, signatures
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import Misuse
from bridge.standin.fx.fx import new_guid
from bridge.standin.program import ReaperProgram
from bridge.standin.project.project import ReaperProject

_OS_NAMES = {"win32": "Win64", "darwin": "macOS-arm64"}

_BUTTONS = (
    (OK := 1,),
    (OK, CANCEL := 2),
    (ABORT := 3, RETRY := 4, IGNORE := 5),
    (YES := 6, NO := 7, CANCEL),
    (YES, NO),
    (RETRY, CANCEL),
)  # what ShowMessageBox gives, by its kind; the last one where it is closed
_OF_PROGRAM: dict[str, Callable[[ReaperProgram], Any]] = {
    "ClearConsole": lambda reaper: reaper.messages.console.clear(),
    "GetOS": lambda reaper: reaper.os_name or _OS_NAMES.get(sys.platform, "Other"),
    "GetResourcePath": lambda reaper: reaper.resource_path,
    "GetGlobalAutomationOverride": lambda reaper: reaper.automation_override,
}
_OF_NOTHING: dict[str, Callable[..., Any]] = {
    "GetAppVersion": lambda: "7.78/linux-x86_64",
    "time_precise": lambda: time.perf_counter(),  # noqa: PLW0108 (a builtin has no signature)
    "file_exists": lambda path: Path(path).is_file(),
    "genGuid": lambda _: new_guid(),
    "RefreshToolbar2": lambda _section, _command: None,  # neither toolbars nor the arrangement are drawn here
    "UpdateArrange": lambda: None,
    "TrackList_UpdateAllExternalSurfaces": lambda: None,
}
for _table in (_OF_PROGRAM, _OF_NOTHING):
    api_calls(_table)


@api_call("ShowConsoleMsg")
def show_console_msg(reaper: ReaperProgram, text: str) -> None:
    reaper.messages.console.append(text)


@api_call("ShowMessageBox", "MB")
def show_message_box(reaper: ReaperProgram, text: str, title: str, kind: int) -> int:
    if not 0 <= kind <= 5:
        raise Misuse(f"ShowMessageBox has the kinds 0..5, not {kind}")
    (reaper.messages.questions if kind else reaper.messages.boxes).append(text)
    buttons = _BUTTONS[kind]
    answer = reaper.messages.answers.get(title, buttons[-1]) if kind else buttons[0]
    if answer not in buttons:
        raise Misuse(f"a box of kind {kind} gives one of {buttons}, not {answer}")
    return answer


@api_call("GetUserFileNameForRead")
def get_user_file_name_for_read(reaper: ReaperProgram, _name: str, _title: str, _extension: str) -> tuple[bool, str]:
    chosen = reaper.messages.chosen_files
    return (True, chosen.pop(0)) if chosen else (False, "")


@api_call("GetUserInputs")
def get_user_inputs(reaper: ReaperProgram, _title: str, count: int, _captions: str, _values: str) -> tuple[bool, str]:
    if not 1 <= count <= 16:
        raise Misuse(f"GetUserInputs takes 1..16 fields, not {count}")
    typed = reaper.messages.inputs
    return (True, typed.pop(0)) if typed else (False, "")


@api_call("GetThemeColor")
def get_theme_color(reaper: ReaperProgram, name: str, _flags: int | None) -> int:
    return reaper.theme_colours.get(name, -1)


@api_call("ColorFromNative")
def color_from_native(colour: int) -> tuple[int, int, int]:
    """REAPER's colours are the system's: here 0xRRGGBB."""
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255


@api_call("SetToggleCommandState")
def set_toggle_command_state(reaper: ReaperProgram, _section: int, command: int, state: int) -> bool:
    reaper.toggles[command] = state
    return True


@api_call("Help_Set")
def help_set(reaper: ReaperProgram, text: str, _is_temporary: bool) -> None:
    reaper.messages.help.append(text)


@api_call("GetAudioDeviceInfo")
def get_audio_device_info(reaper: ReaperProgram, name: str) -> tuple[bool, str]:
    known = {"SRATE": str(reaper.project.sample_rate_hz), "BSIZE": "512", "MODE": "stand-in"}
    return name in known, known.get(name, "")


@api_call("RecursiveCreateDirectory")
def recursive_create_directory(path: str, _ignored: int) -> int:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError:
        return 0
    return 1


@api_call("EnumerateFiles")
def enumerate_files(path: str, index: int) -> str | None:
    return at(_names(path, want_files=True), index)


@api_call("EnumerateSubdirectories")
def enumerate_subdirectories(path: str, index: int) -> str | None:
    return at(_names(path, want_files=False), index)


def _names(path: str, *, want_files: bool) -> list[str]:
    folder = Path(path)
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file() == want_files)


@api_call("GetExtState")
def get_ext_state(reaper: ReaperProgram, section: str, key: str) -> str:
    return reaper.ext_state.get((section, key), "")


@api_call("HasExtState")
def has_ext_state(reaper: ReaperProgram, section: str, key: str) -> bool:
    return (section, key) in reaper.ext_state


@api_call("SetExtState")
def set_ext_state(reaper: ReaperProgram, section: str, key: str, value: str, persist: bool) -> None:
    if persist and "\n" in value:
        raise Misuse("SetExtState: a value that persists cannot hold a line break")
    reaper.ext_state[(section, key)] = value


@api_call("DeleteExtState")
def delete_ext_state(reaper: ReaperProgram, section: str, key: str, _persist: bool) -> None:
    reaper.ext_state.pop((section, key), None)


@api_call("APIExists")
def api_exists(name: str) -> bool:
    return (name in signatures() and not signatures()[name].is_c_only) or name in LUA_ONLY


@api_call("PreventUIRefresh")
def prevent_ui_refresh(reaper: ReaperProgram, count: int) -> None:
    reaper.refresh_prevented += count
    if reaper.refresh_prevented < 0:
        raise Misuse("PreventUIRefresh was released more often than it was taken")


@api_call("NamedCommandLookup")
def named_command_lookup(reaper: ReaperProgram, name: str) -> int:
    return reaper.commands.get(name, 0)


@api_call("ReverseNamedCommandLookup")
def reverse_named_command_lookup(reaper: ReaperProgram, command: int) -> str | None:
    return next((name.removeprefix("_") for name, number in reaper.commands.items() if number == command), None)


@api_call("AddRemoveReaScript")
def add_remove_rea_script(reaper: ReaperProgram, is_added: bool, section: int, path: str, _commit: bool) -> int:
    """A script that is known keeps its number. Taking scripts out is not simulated."""
    if section or not is_added:
        raise Misuse("AddRemoveReaScript: only scripts of the main section are added here")
    return reaper.add_script(Path(path))


@api_call("Main_OnCommandEx", "Main_OnCommand")
def main_on_command_ex(reaper: ReaperProgram, command: int, _flag: int, _project: ReaperProject | None = None) -> None:
    reaper.run_command(command)
