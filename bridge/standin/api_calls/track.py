"""The families of tracks, and of the audio that a track or a take hands to its FX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bridge.standin.api.binding import api_call, api_calls
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import Misuse, NotSimulated
from bridge.standin.program import ReaperProgram
from bridge.standin.project.accessor import MAX_FRAMES, AudioAccessor
from bridge.standin.project.media import MediaTake
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.routing import parent
from bridge.standin.project.track import MAX_CHANNELS, ReaperTrack

_TRACK_VALUES = {
    "B_MUTE": "is_muted", "I_SELECTED": "is_selected", "I_FOLDERDEPTH": "folder_depth", "I_AUTOMODE": "automation_mode",
    "I_FXEN": "is_fx_enabled", "D_VOL": "volume", "D_PAN": "pan", "B_SHOWINTCP": "is_shown",
    "B_SHOWINMIXER": "is_shown", "I_NCHAN": "channels", "I_SOLO": "solo", "B_MAINSEND": "sends_to_parent",
}  # fmt: skip


_OF_PROJECT: dict[str, Callable[[ReaperProject], Any]] = {
    "CountTracks": lambda project: len(project.tracks),
    "GetMasterTrack": lambda project: project.master,
}
_OF_TRACK: dict[str, Callable[[ReaperTrack], Any]] = {
    "DeleteTrack": lambda track: track.project.remove_track(track),
    "GetTrackAutomationMode": lambda track: track.automation_mode,
    "GetTrackGUID": lambda track: track.guid,
    "GetTrackName": lambda track: (True, "MASTER" if track.is_master else track.name or f"Track {_number(track)}"),
    "IsTrackSelected": lambda track: track.is_selected,
    "GetParentTrack": parent,
    "TrackFX_GetInstrument": lambda track: next((i for i, fx in enumerate(track.fx) if fx.is_instrument), -1),
}
_OF_ACCESSOR: dict[str, Callable[[AudioAccessor], Any]] = {
    "AudioAccessorStateChanged": lambda accessor: accessor.has_changed,
    "AudioAccessorUpdate": lambda accessor: accessor.update(),
    "GetAudioAccessorStartTime": lambda accessor: accessor.source.start_s(),
    "GetAudioAccessorEndTime": lambda accessor: accessor.source.length_s(),
}
for _table in (_OF_PROJECT, _OF_TRACK, _OF_ACCESSOR):
    api_calls(_table)


@api_call("GetTrack")
def get_track(project: ReaperProject, index: int) -> ReaperTrack | None:
    return at(project.tracks, index)


@api_call("CountSelectedTracks2", "CountSelectedTracks")
def count_selected_tracks2(project: ReaperProject, want_master: bool = False) -> int:
    return len(_selected(project, want_master))


@api_call("GetSelectedTrack2", "GetSelectedTrack")
def get_selected_track2(project: ReaperProject, index: int, want_master: bool = False) -> ReaperTrack | None:
    return at(_selected(project, want_master), index)


def _selected(project: ReaperProject, want_master: bool) -> list[ReaperTrack]:
    return [track for track in (project.every_track() if want_master else project.tracks) if track.is_selected]


@api_call("SetTrackSelected")
def set_track_selected(track: ReaperTrack, is_selected: bool) -> None:
    track.is_selected = is_selected


@api_call("SetOnlyTrackSelected")
def set_only_track_selected(track: ReaperTrack) -> None:
    for other in track.project.every_track():
        other.is_selected = other is track


def _number(track: ReaperTrack) -> int:
    return -1 if track.is_master else track.project.tracks.index(track) + 1


@api_call("GetSetMediaTrackInfo_String")
def get_set_media_track_info_string(track: ReaperTrack, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name == "P_NAME":
        if is_set:
            track.name = value
            track.project.touch()
        return True, track.name
    if name == "GUID" and not is_set:
        return True, track.guid
    raise NotSimulated(f"GetSetMediaTrackInfo_String: {name} is not simulated")


@api_call("GetMediaTrackInfo_Value")
def get_media_track_info_value(track: ReaperTrack, name: str) -> float:
    if name == "IP_TRACKNUMBER":
        return float(_number(track))
    if name not in _TRACK_VALUES:
        raise NotSimulated(f"GetMediaTrackInfo_Value: {name} is not simulated")
    return float(getattr(track, _TRACK_VALUES[name]))


@api_call("SetMediaTrackInfo_Value")
def set_media_track_info_value(track: ReaperTrack, name: str, value: float) -> bool:
    if name not in _TRACK_VALUES:
        raise NotSimulated(f"SetMediaTrackInfo_Value: {name} is not simulated")
    attribute = _TRACK_VALUES[name]
    setattr(track, attribute, type(getattr(track, attribute))(value))
    track.project.touch()
    return True


@api_call("InsertTrackAtIndex")
def insert_track_at_index(reaper: ReaperProgram, index: int, _with_defaults: bool) -> None:
    project = reaper.project
    project.tracks.insert(min(max(index, 0), len(project.tracks)), ReaperTrack(project, ""))
    project.touch()


# ---------------------------------------------------------------- receives

_RECEIVE_VALUES = {
    "B_MUTE": "is_muted", "D_VOL": "volume", "I_SRCCHAN": "source_channel", "I_DSTCHAN": "destination_channel",
}  # fmt: skip
RECEIVES = -1


@api_call("GetTrackNumSends")
def get_track_num_sends(track: ReaperTrack, category: int) -> int:
    if category >= 0:
        raise NotSimulated("GetTrackNumSends: only receives are simulated")
    return len(track.receives)


@api_call("GetTrackReceiveName")
def get_track_receive_name(track: ReaperTrack, index: int) -> tuple[bool, str]:
    receive = at(track.receives, index)
    return (True, receive.source.name) if receive else (False, "")


@api_call("GetTrackSendInfo_Value")
def get_track_send_info_value(track: ReaperTrack, category: int, index: int, name: str) -> Any:
    receive = at(track.receives, index)
    if category < 0 and name == "P_SRCTRACK":
        return receive.source if receive else None
    if category >= 0 or name not in _RECEIVE_VALUES:
        raise NotSimulated(f"GetTrackSendInfo_Value: {name} of category {category} is not simulated")
    return float(getattr(receive, _RECEIVE_VALUES[name])) if receive else 0.0


# ---------------------------------------------------------------- audio accessors


@api_call("CreateTrackAudioAccessor", "CreateTakeAudioAccessor")
def create_track_audio_accessor(reaper: ReaperProgram, source: ReaperTrack | MediaTake) -> AudioAccessor:
    accessor = AudioAccessor(source)
    reaper.accessors.append(accessor)
    return accessor


@api_call("DestroyAudioAccessor")
def destroy_audio_accessor(reaper: ReaperProgram, accessor: AudioAccessor) -> None:
    accessor.is_destroyed = True
    reaper.accessors.remove(accessor)


@api_call("AudioAccessorValidateState")
def audio_accessor_validate_state(accessor: AudioAccessor) -> bool:
    has_changed = accessor.has_changed
    accessor.update()
    return has_changed


@api_call("GetAudioAccessorSamples")
def get_audio_accessor_samples(
    accessor: AudioAccessor, rate_hz: int, channels: int, start_s: float, frames: int, size: Any
) -> tuple[int, bytes | None]:
    """Return the status, and interleaved doubles for the prelude to put into the array (None where no audio is)."""
    if not isinstance(size, int):
        raise Misuse("GetAudioAccessorSamples takes a buffer of reaper.new_array")
    if not 1 <= frames <= MAX_FRAMES or not 1 <= channels <= MAX_CHANNELS or rate_hz < 1:
        raise Misuse(f"GetAudioAccessorSamples of {frames} frames (1..{MAX_FRAMES}), {channels} channels, {rate_hz} Hz")
    if size < frames * channels:
        raise Misuse(f"the buffer holds {size} values; {frames} frames need {frames * channels}")
    if accessor.source.is_offline:
        return -1, None
    audio = accessor.read(rate_hz, start_s, frames)
    if audio is None:
        return 0, None
    interleaved = np.zeros((frames, channels), dtype="<f8")
    interleaved[:, : len(audio)] = audio[:channels].T
    return 1, interleaved.tobytes()
