"""Answers about tracks and the audio that a track or a take hands to its FX."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.standin.api.binding import answers
from bridge.standin.calls.lists import at
from bridge.standin.faults import Misuse, NotSimulated
from bridge.standin.program import Program
from bridge.standin.projects.accessor import MAX_FRAMES, Accessor
from bridge.standin.projects.media import Take
from bridge.standin.projects.project import Project
from bridge.standin.projects.track import Track


def _selected(reaper: Program, project: Project | None, with_master: bool) -> list[Track]:
    target = reaper.project_of(project)
    return [t for t in (target.every_track() if with_master else target.tracks) if t.is_selected]


@answers("CountTracks")
def count_tracks(reaper: Program, project: Project | None) -> int:
    return len(reaper.project_of(project).tracks)


@answers("GetTrack")
def get_track(reaper: Program, project: Project | None, index: int) -> Track | None:
    return at(reaper.project_of(project).tracks, index)


@answers("GetMasterTrack")
def get_master(reaper: Program, project: Project | None) -> Track:
    return reaper.project_of(project).master


@answers("CountSelectedTracks2")
def count_selected(reaper: Program, project: Project | None, with_master: bool) -> int:
    return len(_selected(reaper, project, with_master))


@answers("CountSelectedTracks")
def count_selected_tracks(reaper: Program, project: Project | None) -> int:
    return len(_selected(reaper, project, False))


@answers("GetSelectedTrack2")
def get_selected(reaper: Program, project: Project | None, index: int, with_master: bool) -> Track | None:
    return at(_selected(reaper, project, with_master), index)


@answers("GetSelectedTrack")
def get_selected_track(reaper: Program, project: Project | None, index: int) -> Track | None:
    return get_selected(reaper, project, index, False)


@answers("SetTrackSelected")
def set_selected(_reaper: Program, track: Track, is_selected: bool) -> None:
    track.is_selected = is_selected


@answers("SetOnlyTrackSelected")
def set_only_selected(_reaper: Program, track: Track) -> None:
    for other in track.project.every_track():
        other.is_selected = other is track


@answers("IsTrackSelected")
def is_selected(_reaper: Program, track: Track) -> bool:
    return track.is_selected


@answers("GetTrackGUID")
def get_track_guid(_reaper: Program, track: Track) -> str:
    return track.guid


def _number(track: Track) -> int:
    return -1 if track.is_master else track.project.tracks.index(track) + 1


@answers("GetTrackName")
def get_track_name(_reaper: Program, track: Track, _: Any) -> tuple[bool, str]:
    return True, "MASTER" if track.is_master else track.name or f"Track {_number(track)}"


@answers("GetSetMediaTrackInfo_String")
def track_text(_reaper: Program, track: Track, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name == "P_NAME":
        if is_set:
            track.name = value
            track.project.touch()
        return True, track.name
    if name == "GUID" and not is_set:
        return True, track.guid
    raise NotSimulated(f"GetSetMediaTrackInfo_String: {name} is not simulated")


_TRACK_VALUES = {
    "B_MUTE": "is_muted", "I_SELECTED": "is_selected", "I_FOLDERDEPTH": "folder_depth", "I_AUTOMODE": "automation_mode",
    "I_FXEN": "is_fx_enabled", "D_VOL": "volume", "D_PAN": "pan", "B_SHOWINTCP": "is_shown",
    "B_SHOWINMIXER": "is_shown",
}  # fmt: skip


@answers("GetMediaTrackInfo_Value")
def track_value(_reaper: Program, track: Track, name: str) -> float:
    if name == "IP_TRACKNUMBER":
        return float(_number(track))
    if name == "I_NCHAN":
        return 2.0
    if name not in _TRACK_VALUES:
        raise NotSimulated(f"GetMediaTrackInfo_Value: {name} is not simulated")
    return float(getattr(track, _TRACK_VALUES[name]))


@answers("SetMediaTrackInfo_Value")
def set_track_value(_reaper: Program, track: Track, name: str, value: float) -> bool:
    if name not in _TRACK_VALUES:
        raise NotSimulated(f"SetMediaTrackInfo_Value: {name} is not simulated")
    attribute = _TRACK_VALUES[name]
    setattr(track, attribute, type(getattr(track, attribute))(value))
    track.project.touch()
    return True


@answers("GetTrackAutomationMode")
def automation_mode(_reaper: Program, track: Track) -> int:
    return track.automation_mode


@answers("GetGlobalAutomationOverride")
def automation_override(reaper: Program) -> int:
    return reaper.automation_override


# ---------------------------------------------------------------- audio


@answers("InsertTrackAtIndex")
def insert_track(reaper: Program, index: int, _with_defaults: bool) -> None:
    project = reaper.project
    project.tracks.insert(min(max(index, 0), len(project.tracks)), Track(project, ""))
    project.touch()


@answers("DeleteTrack")
def delete_track(_reaper: Program, track: Track) -> None:
    track.project.remove_track(track)


@answers("CreateTrackAudioAccessor")
def create_accessor(reaper: Program, track: Track) -> Accessor:
    accessor = Accessor(track)
    reaper.accessors.append(accessor)
    return accessor


@answers("CreateTakeAudioAccessor")
def create_take_accessor(reaper: Program, take: Take) -> Accessor:
    accessor = Accessor(take)
    reaper.accessors.append(accessor)
    return accessor


@answers("DestroyAudioAccessor")
def destroy_accessor(reaper: Program, accessor: Accessor) -> None:
    accessor.is_destroyed = True
    reaper.accessors.remove(accessor)


@answers("AudioAccessorStateChanged")
def accessor_changed(_reaper: Program, accessor: Accessor) -> bool:
    return accessor.has_changed


@answers("AudioAccessorUpdate")
def accessor_update(_reaper: Program, accessor: Accessor) -> None:
    accessor.update()


@answers("AudioAccessorValidateState")
def accessor_validate(reaper: Program, accessor: Accessor) -> bool:
    has_changed = accessor_changed(reaper, accessor)
    accessor.update()
    return has_changed


@answers("GetAudioAccessorStartTime")
def accessor_start(_reaper: Program, accessor: Accessor) -> float:
    return accessor.source.start_s()


@answers("GetAudioAccessorEndTime")
def accessor_end(_reaper: Program, accessor: Accessor) -> float:
    return accessor.source.length_s()


@answers("GetAudioAccessorSamples")
def accessor_samples(
    _reaper: Program, accessor: Accessor, rate_hz: int, channels: int, start_s: float, frames: int, size: Any
) -> tuple[int, bytes | None]:
    """The status, and interleaved doubles for the prelude to put into the array (none where there is no audio)."""
    if not isinstance(size, int):
        raise Misuse("GetAudioAccessorSamples takes a buffer of reaper.new_array")
    if not 1 <= frames <= MAX_FRAMES or channels not in (1, 2) or rate_hz < 1:
        raise Misuse(f"GetAudioAccessorSamples of {frames} frames (1..{MAX_FRAMES}), {channels} channels, {rate_hz} Hz")
    if size < frames * channels:
        raise Misuse(f"the buffer holds {size} values; {frames} frames need {frames * channels}")
    if accessor.source.is_offline:
        return -1, None
    audio = accessor.read(rate_hz, start_s, frames)
    if audio is None:
        return 0, None
    return 1, np.ascontiguousarray(audio[:channels].T, dtype="<f8").tobytes()
