"""Answers about projects: tabs, undo, time selection, ext state."""

from __future__ import annotations

from typing import Any

from bridge.standin.api.binding import answers
from bridge.standin.calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.program import Program
from bridge.standin.projects.project import Project

_STORED_RATE_HZ = 22050  # in projects that do not use it


@answers("EnumProjects")
def enum_projects(reaper: Program, index: int, _: Any) -> tuple[Project | None, str]:
    if index == -1:
        return reaper.project, reaper.project.path
    found = at(reaper.projects, index)
    return found, found.path if found else ""


@answers("SelectProjectInstance")
def select_project(reaper: Program, project: Project | None) -> None:
    reaper.switch_to(reaper.project_of(project))


@answers("GetProjectName")
def get_project_name(reaper: Program, project: Project | None, _: Any) -> str:
    return reaper.project_of(project).path.replace("\\", "/").rpartition("/")[2]


@answers("GetProjectStateChangeCount")
def get_change_count(reaper: Program, project: Project | None) -> int:
    return reaper.project_of(project).change_count


@answers("MarkProjectDirty")
def mark_dirty(reaper: Program, project: Project | None) -> None:
    reaper.project_of(project).touch()


@answers("GetSetProjectInfo")
def get_set_project_info(reaper: Program, project: Project | None, name: str, value: float, is_set: bool) -> float:
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


@answers("GetSetProjectInfo_String")
def get_set_project_text(
    reaper: Program, project: Project | None, name: str, value: str, is_set: bool
) -> tuple[bool, str]:
    texts = reaper.project_of(project).render_texts
    if name not in texts:
        raise NotSimulated(f"GetSetProjectInfo_String: {name} is not simulated")
    if is_set:
        texts[name] = value
    return True, texts[name]


@answers("GetProjectLength")
def get_project_length(reaper: Program, project: Project | None) -> float:
    return max((track.length_s() for track in reaper.project_of(project).tracks), default=0.0)


@answers("GetSet_LoopTimeRange2")
def loop_time_range(
    reaper: Program, project: Project | None, is_set: bool, _loop: bool, start: float, end: float, _seek: bool
) -> tuple[float, float]:
    target = reaper.project_of(project)
    if is_set:
        target.time_selection = (start, end)
    return target.time_selection


@answers("GetSet_LoopTimeRange")
def loop_time_range_of_current(
    reaper: Program, is_set: bool, loop: bool, start: float, end: float, seek: bool
) -> tuple[float, float]:
    return loop_time_range(reaper, None, is_set, loop, start, end, seek)


@answers("ValidatePtr2")
def validate_pointer(reaper: Program, project: Project | None, pointer: Any, kind: str) -> bool:
    if getattr(pointer, "kind", None) != kind or not pointer.is_alive:
        return False
    owner = pointer if isinstance(pointer, Project) else getattr(pointer, "project", None) or pointer.track.project
    return isinstance(pointer, Project) or owner is reaper.project_of(project)


@answers("ValidatePtr")
def validate_pointer_of_current(reaper: Program, pointer: Any, kind: str) -> bool:
    return validate_pointer(reaper, None, pointer, kind)


@answers("Undo_BeginBlock2")
def undo_begin(reaper: Program, project: Project | None) -> None:
    reaper.project_of(project).history.begin()


@answers("Undo_EndBlock2")
def undo_end(reaper: Program, project: Project | None, text: str, flags: int) -> None:
    reaper.project_of(project).history.end(text, flags)


@answers("Undo_BeginBlock")
def undo_begin_of_current(reaper: Program) -> None:
    undo_begin(reaper, None)


@answers("Undo_EndBlock")
def undo_end_of_current(reaper: Program, text: str, flags: int) -> None:
    undo_end(reaper, None, text, flags)


@answers("Undo_OnStateChangeEx2")
def undo_on_state_change(reaper: Program, project: Project | None, text: str, flags: int, _track: int) -> None:
    reaper.project_of(project).history.add(text, flags)


@answers("Undo_CanUndo2")
def undo_can_undo(reaper: Program, project: Project | None) -> str | None:
    texts = reaper.project_of(project).history.texts
    return texts[-1] if texts else None


@answers("Undo_CanRedo2")
def undo_can_redo(reaper: Program, project: Project | None) -> str | None:
    return reaper.project_of(project).history.redo_text


@answers("Undo_DoUndo2")
def undo_do(reaper: Program, project: Project | None) -> int:
    return int(reaper.project_of(project).history.undo())


@answers("Undo_DoRedo2")
def undo_redo(reaper: Program, project: Project | None) -> int:
    return int(reaper.project_of(project).history.redo())


@answers("GetProjExtState")
def get_project_ext_state(
    reaper: Program, project: Project | None, name: str, key: str, _: Any = None
) -> tuple[int, str]:
    value = reaper.project_of(project).ext_state.get((name, key), "")
    return len(value), value


@answers("SetProjExtState")
def set_project_ext_state(reaper: Program, project: Project | None, name: str, key: str, value: str) -> int:
    reaper.project_of(project).ext_state[(name, key)] = value
    return len(value)
