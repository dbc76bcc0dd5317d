"""The families of items, their takes, and the sources that takes play."""

from __future__ import annotations

from pathlib import Path

from bridge.audio.files import read_audio
from bridge.errors import AudioError
from bridge.standin.api.binding import api_call
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.project.media import MediaItem, MediaSource, MediaTake
from bridge.standin.project.owners import OwningTrack
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.track import ReaperTrack

_ITEM_VALUES = {"D_POSITION": "position_s", "D_LENGTH": "length_s"}


@api_call("CountTrackMediaItems", "GetTrackNumMediaItems")
def count_track_media_items(track: ReaperTrack) -> int:
    return len(track.items)


@api_call("GetTrackMediaItem")
def get_track_media_item(track: ReaperTrack, index: int) -> MediaItem | None:
    return at(track.items, index)


@api_call("CountMediaItems")
def count_media_items(project: ReaperProject) -> int:
    return sum(len(track.items) for track in project.tracks)


@api_call("GetMediaItem")
def get_media_item(project: ReaperProject, index: int) -> MediaItem | None:
    return at([item for track in project.tracks for item in track.items], index)


@api_call("IsMediaItemSelected")
def is_media_item_selected(item: MediaItem) -> bool:
    return item.is_selected


@api_call("GetMediaItemTrack")
def get_media_item_track(item: MediaItem) -> OwningTrack:
    return item.track


@api_call("GetMediaItemInfo_Value")
def get_media_item_info_value(item: MediaItem, name: str) -> float:
    if name not in _ITEM_VALUES:
        raise NotSimulated(f"GetMediaItemInfo_Value: {name} is not simulated")
    return float(getattr(item, _ITEM_VALUES[name]))


@api_call("SetMediaItemInfo_Value")
def set_media_item_info_value(item: MediaItem, name: str, value: float) -> bool:
    if name not in _ITEM_VALUES:
        raise NotSimulated(f"SetMediaItemInfo_Value: {name} is not simulated")
    setattr(item, _ITEM_VALUES[name], value)
    item.track.change_audio()
    return True


@api_call("GetSetMediaItemInfo_String")
def get_set_media_item_info_string(item: MediaItem, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name != "GUID" or is_set:
        raise NotSimulated(f"GetSetMediaItemInfo_String: {name} (set: {is_set}, {value}) is not simulated")
    return True, item.guid


@api_call("AddMediaItemToTrack")
def add_media_item_to_track(track: ReaperTrack) -> MediaItem:
    return track.add_empty_item()


# ---------------------------------------------------------------- takes and sources


@api_call("GetActiveTake")
def get_active_take(item: MediaItem) -> MediaTake | None:
    return item.take


@api_call("AddTakeToMediaItem")
def add_take_to_media_item(item: MediaItem) -> MediaTake:
    item.take = MediaTake(item)
    return item.take


@api_call("GetTakeName")
def get_take_name(take: MediaTake) -> str:
    return take.name


@api_call("SetMediaItemTake_Source")
def set_media_item_take_source(take: MediaTake, source: MediaSource) -> bool:
    take.item.audio, take.name = source.audio_at(take.project.sample_rate_hz), source.name
    take.item.track.change_audio()
    return True


@api_call("PCM_Source_CreateFromFile")
def pcm_source_create_from_file(file: str) -> MediaSource | None:
    try:
        audio, rate_hz = read_audio(Path(file))
    except AudioError:
        return None
    return MediaSource(Path(file).name, audio, rate_hz)


@api_call("GetMediaSourceLength")
def get_media_source_length(source: MediaSource) -> tuple[float, bool]:
    return source.length_s, False
