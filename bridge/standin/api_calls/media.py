"""Answers about items, their takes, and the sources that takes play."""

from __future__ import annotations

from pathlib import Path

from bridge.audio.files import read_audio
from bridge.errors import AudioError
from bridge.standin.api.binding import api_call
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.program import ReaperProgram
from bridge.standin.project.media import MediaItem, MediaSource, MediaTake
from bridge.standin.project.owners import OwningTrack
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.track import ReaperTrack


def _items(reaper: ReaperProgram, project: ReaperProject | None) -> list[MediaItem]:
    return [item for track in reaper.project_of(project).tracks for item in track.items]


@api_call("CountTrackMediaItems", "GetTrackNumMediaItems")
def count_track_items(_reaper: ReaperProgram, track: ReaperTrack) -> int:
    return len(track.items)


@api_call("GetTrackMediaItem")
def get_track_item(_reaper: ReaperProgram, track: ReaperTrack, index: int) -> MediaItem | None:
    return at(track.items, index)


@api_call("CountMediaItems")
def count_items(reaper: ReaperProgram, project: ReaperProject | None) -> int:
    return len(_items(reaper, project))


@api_call("GetMediaItem")
def get_item(reaper: ReaperProgram, project: ReaperProject | None, index: int) -> MediaItem | None:
    return at(_items(reaper, project), index)


@api_call("IsMediaItemSelected")
def is_item_selected(_reaper: ReaperProgram, item: MediaItem) -> bool:
    return item.is_selected


@api_call("GetMediaItemTrack")
def get_item_track(_reaper: ReaperProgram, item: MediaItem) -> OwningTrack:
    return item.track


@api_call("GetMediaItemInfo_Value")
def item_value(_reaper: ReaperProgram, item: MediaItem, name: str) -> float:
    values = {"D_POSITION": item.position_s, "D_LENGTH": item.length_s}
    if name not in values:
        raise NotSimulated(f"GetMediaItemInfo_Value: {name} is not simulated")
    return values[name]


@api_call("SetMediaItemInfo_Value")
def set_item_value(_reaper: ReaperProgram, item: MediaItem, name: str, value: float) -> bool:
    if name not in ("D_POSITION", "D_LENGTH"):
        raise NotSimulated(f"SetMediaItemInfo_Value: {name} is not simulated")
    if name == "D_POSITION":
        item.position_s = value
    else:
        item.length_s = value
    item.track.change_audio()
    return True


@api_call("GetSetMediaItemInfo_String")
def item_text(_reaper: ReaperProgram, item: MediaItem, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name != "GUID" or is_set:
        raise NotSimulated(f"GetSetMediaItemInfo_String: {name} (set: {is_set}, {value}) is not simulated")
    return True, item.guid


@api_call("AddMediaItemToTrack")
def add_item(_reaper: ReaperProgram, track: ReaperTrack) -> MediaItem:
    return track.add_empty_item()


# ---------------------------------------------------------------- takes and sources


@api_call("GetActiveTake")
def get_active_take(_reaper: ReaperProgram, item: MediaItem) -> MediaTake | None:
    return item.take


@api_call("AddTakeToMediaItem")
def add_take(_reaper: ReaperProgram, item: MediaItem) -> MediaTake:
    item.take = MediaTake(item)
    return item.take


@api_call("GetTakeName")
def get_take_name(_reaper: ReaperProgram, take: MediaTake) -> str:
    return take.name


@api_call("SetMediaItemTake_Source")
def set_take_source(_reaper: ReaperProgram, take: MediaTake, source: MediaSource) -> bool:
    take.item.audio, take.name = source.audio_at(take.item.track.project.sample_rate_hz), source.name
    take.item.track.change_audio()
    return True


@api_call("PCM_Source_CreateFromFile")
def create_source(_reaper: ReaperProgram, file: str) -> MediaSource | None:
    try:
        audio, rate_hz = read_audio(Path(file))
    except AudioError:
        return None
    return MediaSource(Path(file).name, audio, rate_hz)


@api_call("GetMediaSourceLength")
def source_length(_reaper: ReaperProgram, source: MediaSource) -> tuple[float, bool]:
    return source.length_s, False
