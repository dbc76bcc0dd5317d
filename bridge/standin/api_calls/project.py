"""The families of projects: tabs, undo, time selection, settings, ext state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.standin.api.binding import api_call, api_calls
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.program import ReaperProgram
from bridge.standin.project import rendering
from bridge.standin.project.project import ReaperProject

_OF_PROJECT: dict[str, Callable[[ReaperProject], Any]] = {
    "GetProjectName": lambda project: project.path.replace("\\", "/").rpartition("/")[2],
    "GetProjectStateChangeCount": lambda project: project.change_count,
    "GetPlayStateEx": lambda project: project.play_state,
    "MarkProjectDirty": lambda project: project.touch(),
    "GetProjectLength": lambda project: max((track.length_s() for track in project.tracks), default=0.0),
    "Undo_BeginBlock": lambda project: project.history.begin(),
    "Undo_BeginBlock2": lambda project: project.history.begin(),
    "Undo_CanUndo2": lambda project: at(project.history.texts[-1:], 0),
    "Undo_CanRedo2": lambda project: project.history.redo_text,
    "Undo_DoUndo2": lambda project: int(project.history.undo()),
    "Undo_DoRedo2": lambda project: int(project.history.redo()),
}
api_calls(_OF_PROJECT)

_STORED_RATE_HZ = 22050  # in projects that do not use it


@api_call("EnumProjects")
def enum_projects(reaper: ReaperProgram, index: int) -> tuple[ReaperProject | None, str]:
    found = reaper.project if index == -1 else at(reaper.projects, index)
    return found, found.path if found else ""


@api_call("SelectProjectInstance")
def select_project_instance(reaper: ReaperProgram, project: ReaperProject) -> None:
    reaper.switch_to(project)


@api_call("GetSetProjectInfo")
def get_set_project_info(project: ReaperProject, name: str, value: float, is_set: bool) -> float:
    if name in project.render_numbers:
        if is_set:
            project.render_numbers[name] = value
            project.touch()
        return project.render_numbers[name]
    stored_hz = project.sample_rate_hz if project.has_own_rate else _STORED_RATE_HZ
    values = {"PROJECT_SRATE": float(stored_hz), "PROJECT_SRATE_USE": float(project.has_own_rate)}
    if is_set or name not in values:
        raise NotSimulated(f"GetSetProjectInfo: {name} (set: {is_set}, {value}) is not simulated")
    return values[name]


@api_call("GetSetProjectInfo_String")
def get_set_project_info_string(project: ReaperProject, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    texts = project.render_texts
    if name == "RENDER_TARGETS" and not is_set:
        return True, ";".join(map(str, rendering.targets(project)))
    if name not in texts:
        raise NotSimulated(f"GetSetProjectInfo_String: {name} is not simulated")
    if is_set:
        texts[name] = value
        project.touch()
    return True, texts[name]


@api_call("GetSet_LoopTimeRange2", "GetSet_LoopTimeRange")
def get_set_loop_time_range2(
    project: ReaperProject, is_set: bool, _loop: bool, start_s: float, end_s: float, _seek: bool
) -> tuple[float, float]:
    if is_set:
        project.time_selection = (start_s, end_s)
    return project.time_selection


@api_call("ValidatePtr2", "ValidatePtr")
def validate_ptr2(project: ReaperProject, pointer: Any, kind: str) -> bool:
    if getattr(pointer, "kind", None) != kind or not pointer.is_alive:
        return False
    if isinstance(pointer, ReaperProject):
        return True
    return (getattr(pointer, "project", None) or pointer.track.project) is project


@api_call("Undo_EndBlock2", "Undo_EndBlock")
def undo_end_block2(project: ReaperProject, text: str, flags: int) -> None:
    project.history.end(text, flags)


@api_call("Undo_OnStateChangeEx2")
def undo_on_state_change_ex2(project: ReaperProject, text: str, flags: int, _track: int) -> None:
    project.history.add(text, flags)


@api_call("GetProjExtState")
def get_proj_ext_state(project: ReaperProject, name: str, key: str) -> tuple[int, str]:
    value = project.ext_state.get((name, key), "")
    return len(value), value


@api_call("SetProjExtState")
def set_proj_ext_state(project: ReaperProject, name: str, key: str, value: str) -> int:
    project.ext_state[(name, key)] = value
    return len(value)
