"""Answers about projects: tabs, undo, time selection, ext state."""

from __future__ import annotations

from typing import Any

from bridge.standin.api.binding import api_call
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.program import ReaperProgram
from bridge.standin.project.project import ReaperProject

_STORED_RATE_HZ = 22050  # in projects that do not use it


@api_call("EnumProjects")
def enum_projects(reaper: ReaperProgram, index: int, _: Any) -> tuple[ReaperProject | None, str]:
    if index == -1:
        return reaper.project, reaper.project.path
    found = at(reaper.projects, index)
    return found, found.path if found else ""


@api_call("SelectProjectInstance")
def select_project(reaper: ReaperProgram, project: ReaperProject | None) -> None:
    reaper.switch_to(reaper.project_of(project))


@api_call("GetProjectName")
def get_project_name(reaper: ReaperProgram, project: ReaperProject | None, _: Any) -> str:
    return reaper.project_of(project).path.replace("\\", "/").rpartition("/")[2]


@api_call("GetProjectStateChangeCount")
def get_change_count(reaper: ReaperProgram, project: ReaperProject | None) -> int:
    return reaper.project_of(project).change_count


@api_call("MarkProjectDirty")
def mark_dirty(reaper: ReaperProgram, project: ReaperProject | None) -> None:
    reaper.project_of(project).touch()


@api_call("GetSetProjectInfo")
def get_set_project_info(
    reaper: ReaperProgram, project: ReaperProject | None, name: str, value: float, is_set: bool
) -> float:
    target = reaper.project_of(project)
    stored_hz = target.sample_rate_hz if target.has_own_rate else _STORED_RATE_HZ
    values = {"PROJECT_SRATE": float(stored_hz), "PROJECT_SRATE_USE": float(target.has_own_rate)}
    if name in target.render_numbers:
        if is_set:
            target.render_numbers[name] = value
        return target.render_numbers[name]
    if is_set or name not in values:
        raise NotSimulated(f"GetSetProjectInfo: {name} (set: {is_set}, {value}) is not simulated")
    return values[name]


@api_call("GetSetProjectInfo_String")
def get_set_project_text(
    reaper: ReaperProgram, project: ReaperProject | None, name: str, value: str, is_set: bool
) -> tuple[bool, str]:
    texts = reaper.project_of(project).render_texts
    if name not in texts:
        raise NotSimulated(f"GetSetProjectInfo_String: {name} is not simulated")
    if is_set:
        texts[name] = value
    return True, texts[name]


@api_call("GetProjectLength")
def get_project_length(reaper: ReaperProgram, project: ReaperProject | None) -> float:
    return max((track.length_s() for track in reaper.project_of(project).tracks), default=0.0)


@api_call("GetSet_LoopTimeRange2")
def loop_time_range(
    reaper: ReaperProgram,
    project: ReaperProject | None,
    is_set: bool,
    _loop: bool,
    start: float,
    end: float,
    _seek: bool,
) -> tuple[float, float]:
    target = reaper.project_of(project)
    if is_set:
        target.time_selection = (start, end)
    return target.time_selection


@api_call("GetSet_LoopTimeRange")
def loop_time_range_of_current(
    reaper: ReaperProgram, is_set: bool, loop: bool, start: float, end: float, seek: bool
) -> tuple[float, float]:
    return loop_time_range(reaper, None, is_set, loop, start, end, seek)


@api_call("ValidatePtr2")
def validate_pointer(reaper: ReaperProgram, project: ReaperProject | None, pointer: Any, kind: str) -> bool:
    if getattr(pointer, "kind", None) != kind or not pointer.is_alive:
        return False
    owner = (
        pointer if isinstance(pointer, ReaperProject) else getattr(pointer, "project", None) or pointer.track.project
    )
    return isinstance(pointer, ReaperProject) or owner is reaper.project_of(project)


@api_call("ValidatePtr")
def validate_pointer_of_current(reaper: ReaperProgram, pointer: Any, kind: str) -> bool:
    return validate_pointer(reaper, None, pointer, kind)


@api_call("Undo_BeginBlock2")
def undo_begin(reaper: ReaperProgram, project: ReaperProject | None) -> None:
    reaper.project_of(project).history.begin()


@api_call("Undo_EndBlock2")
def undo_end(reaper: ReaperProgram, project: ReaperProject | None, text: str, flags: int) -> None:
    reaper.project_of(project).history.end(text, flags)


@api_call("Undo_BeginBlock")
def undo_begin_of_current(reaper: ReaperProgram) -> None:
    undo_begin(reaper, None)


@api_call("Undo_EndBlock")
def undo_end_of_current(reaper: ReaperProgram, text: str, flags: int) -> None:
    undo_end(reaper, None, text, flags)


@api_call("Undo_OnStateChangeEx2")
def undo_on_state_change(
    reaper: ReaperProgram, project: ReaperProject | None, text: str, flags: int, _track: int
) -> None:
    reaper.project_of(project).history.add(text, flags)


@api_call("Undo_CanUndo2")
def undo_can_undo(reaper: ReaperProgram, project: ReaperProject | None) -> str | None:
    texts = reaper.project_of(project).history.texts
    return texts[-1] if texts else None


@api_call("Undo_CanRedo2")
def undo_can_redo(reaper: ReaperProgram, project: ReaperProject | None) -> str | None:
    return reaper.project_of(project).history.redo_text


@api_call("Undo_DoUndo2")
def undo_do(reaper: ReaperProgram, project: ReaperProject | None) -> int:
    return int(reaper.project_of(project).history.undo())


@api_call("Undo_DoRedo2")
def undo_redo(reaper: ReaperProgram, project: ReaperProject | None) -> int:
    return int(reaper.project_of(project).history.redo())


@api_call("GetProjExtState")
def get_project_ext_state(
    reaper: ReaperProgram, project: ReaperProject | None, name: str, key: str, _: Any = None
) -> tuple[int, str]:
    value = reaper.project_of(project).ext_state.get((name, key), "")
    return len(value), value


@api_call("SetProjExtState")
def set_project_ext_state(reaper: ReaperProgram, project: ReaperProject | None, name: str, key: str, value: str) -> int:
    reaper.project_of(project).ext_state[(name, key)] = value
    return len(value)
