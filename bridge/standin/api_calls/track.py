"""Answers about tracks and the audio that a track or a take hands to its FX."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.standin.api.binding import api_call
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import Misuse, NotSimulated
from bridge.standin.program import ReaperProgram
from bridge.standin.project.accessor import MAX_FRAMES, AudioAccessor
from bridge.standin.project.media import MediaTake
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.track import ReaperTrack


def _selected(reaper: ReaperProgram, project: ReaperProject | None, with_master: bool) -> list[ReaperTrack]:
    target = reaper.project_of(project)
    return [t for t in (target.every_track() if with_master else target.tracks) if t.is_selected]


@api_call("CountTracks")
def count_tracks(reaper: ReaperProgram, project: ReaperProject | None) -> int:
    return len(reaper.project_of(project).tracks)


@api_call("GetTrack")
def get_track(reaper: ReaperProgram, project: ReaperProject | None, index: int) -> ReaperTrack | None:
    return at(reaper.project_of(project).tracks, index)


@api_call("GetMasterTrack")
def get_master(reaper: ReaperProgram, project: ReaperProject | None) -> ReaperTrack:
    return reaper.project_of(project).master


@api_call("CountSelectedTracks2")
def count_selected(reaper: ReaperProgram, project: ReaperProject | None, with_master: bool) -> int:
    return len(_selected(reaper, project, with_master))


@api_call("CountSelectedTracks")
def count_selected_tracks(reaper: ReaperProgram, project: ReaperProject | None) -> int:
    return len(_selected(reaper, project, False))


@api_call("GetSelectedTrack2")
def get_selected(
    reaper: ReaperProgram, project: ReaperProject | None, index: int, with_master: bool
) -> ReaperTrack | None:
    return at(_selected(reaper, project, with_master), index)


@api_call("GetSelectedTrack")
def get_selected_track(reaper: ReaperProgram, project: ReaperProject | None, index: int) -> ReaperTrack | None:
    return get_selected(reaper, project, index, False)


@api_call("SetTrackSelected")
def set_selected(_reaper: ReaperProgram, track: ReaperTrack, is_selected: bool) -> None:
    track.is_selected = is_selected


@api_call("SetOnlyTrackSelected")
def set_only_selected(_reaper: ReaperProgram, track: ReaperTrack) -> None:
    for other in track.project.every_track():
        other.is_selected = other is track


@api_call("IsTrackSelected")
def is_selected(_reaper: ReaperProgram, track: ReaperTrack) -> bool:
    return track.is_selected


@api_call("GetTrackGUID")
def get_track_guid(_reaper: ReaperProgram, track: ReaperTrack) -> str:
    return track.guid


def _number(track: ReaperTrack) -> int:
    return -1 if track.is_master else track.project.tracks.index(track) + 1


@api_call("GetTrackName")
def get_track_name(_reaper: ReaperProgram, track: ReaperTrack, _: Any) -> tuple[bool, str]:
    return True, "MASTER" if track.is_master else track.name or f"Track {_number(track)}"


@api_call("GetSetMediaTrackInfo_String")
def track_text(_reaper: ReaperProgram, track: ReaperTrack, name: str, value: str, is_set: bool) -> tuple[bool, str]:
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


@api_call("GetMediaTrackInfo_Value")
def track_value(_reaper: ReaperProgram, track: ReaperTrack, name: str) -> float:
    if name == "IP_TRACKNUMBER":
        return float(_number(track))
    if name == "I_NCHAN":
        return 2.0
    if name not in _TRACK_VALUES:
        raise NotSimulated(f"GetMediaTrackInfo_Value: {name} is not simulated")
    return float(getattr(track, _TRACK_VALUES[name]))


@api_call("SetMediaTrackInfo_Value")
def set_track_value(_reaper: ReaperProgram, track: ReaperTrack, name: str, value: float) -> bool:
    if name not in _TRACK_VALUES:
        raise NotSimulated(f"SetMediaTrackInfo_Value: {name} is not simulated")
    attribute = _TRACK_VALUES[name]
    setattr(track, attribute, type(getattr(track, attribute))(value))
    track.project.touch()
    return True


@api_call("GetTrackAutomationMode")
def automation_mode(_reaper: ReaperProgram, track: ReaperTrack) -> int:
    return track.automation_mode


@api_call("GetGlobalAutomationOverride")
def automation_override(reaper: ReaperProgram) -> int:
    return reaper.automation_override


# ---------------------------------------------------------------- audio


@api_call("InsertTrackAtIndex")
def insert_track(reaper: ReaperProgram, index: int, _with_defaults: bool) -> None:
    project = reaper.project
    project.tracks.insert(min(max(index, 0), len(project.tracks)), ReaperTrack(project, ""))
    project.touch()


@api_call("DeleteTrack")
def delete_track(_reaper: ReaperProgram, track: ReaperTrack) -> None:
    track.project.remove_track(track)


@api_call("CreateTrackAudioAccessor")
def create_accessor(reaper: ReaperProgram, track: ReaperTrack) -> AudioAccessor:
    accessor = AudioAccessor(track)
    reaper.accessors.append(accessor)
    return accessor


@api_call("CreateTakeAudioAccessor")
def create_take_accessor(reaper: ReaperProgram, take: MediaTake) -> AudioAccessor:
    accessor = AudioAccessor(take)
    reaper.accessors.append(accessor)
    return accessor


@api_call("DestroyAudioAccessor")
def destroy_accessor(reaper: ReaperProgram, accessor: AudioAccessor) -> None:
    accessor.is_destroyed = True
    reaper.accessors.remove(accessor)


@api_call("AudioAccessorStateChanged")
def accessor_changed(_reaper: ReaperProgram, accessor: AudioAccessor) -> bool:
    return accessor.has_changed


@api_call("AudioAccessorUpdate")
def accessor_update(_reaper: ReaperProgram, accessor: AudioAccessor) -> None:
    accessor.update()


@api_call("AudioAccessorValidateState")
def accessor_validate(reaper: ReaperProgram, accessor: AudioAccessor) -> bool:
    has_changed = accessor_changed(reaper, accessor)
    accessor.update()
    return has_changed


@api_call("GetAudioAccessorStartTime")
def accessor_start(_reaper: ReaperProgram, accessor: AudioAccessor) -> float:
    return accessor.source.start_s()


@api_call("GetAudioAccessorEndTime")
def accessor_end(_reaper: ReaperProgram, accessor: AudioAccessor) -> float:
    return accessor.source.length_s()


@api_call("GetAudioAccessorSamples")
def accessor_samples(
    _reaper: ReaperProgram, accessor: AudioAccessor, rate_hz: int, channels: int, start_s: float, frames: int, size: Any
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
