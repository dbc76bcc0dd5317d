"""The families of items, their takes, and the sources that takes play."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.audio.files import read_audio
from bridge.errors import AudioError
from bridge.standin.api.binding import api_call, api_calls
from bridge.standin.api_calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.project.media import MediaItem, MediaSource, MediaTake
from bridge.standin.project.project import ReaperProject
from bridge.standin.project.track import ReaperTrack

_OF_TRACK: dict[str, Callable[[ReaperTrack], Any]] = {
    "CountTrackMediaItems": lambda track: len(track.items),
    "GetTrackNumMediaItems": lambda track: len(track.items),
    "AddMediaItemToTrack": lambda track: track.add_empty_item(),
}
_OF_ITEM: dict[str, Callable[[MediaItem], Any]] = {
    "IsMediaItemSelected": lambda item: item.is_selected,
    "GetMediaItemTrack": lambda item: item.track,
    "GetActiveTake": lambda item: item.take,
}
_OF_TAKE: dict[str, Callable[[MediaTake], Any]] = {
    "GetTakeName": lambda take: take.name,
    "TakeIsMIDI": lambda take: take.is_midi,
    "GetMediaItemTake_Source": lambda take: take.source,
}
_OF_SOURCE: dict[str, Callable[[MediaSource], Any]] = {
    "GetMediaSourceLength": lambda source: (source.length_s, False),
    "GetMediaSourceNumChannels": lambda source: source.channels,
}
for _table in (_OF_TRACK, _OF_ITEM, _OF_TAKE, _OF_SOURCE):
    api_calls(_table)

_ITEM_VALUES = {"D_POSITION": "position_s", "D_LENGTH": "length_s", "B_MUTE": "is_muted"}


@api_call("GetTrackMediaItem")
def get_track_media_item(track: ReaperTrack, index: int) -> MediaItem | None:
    return at(track.items, index)


@api_call("CountMediaItems")
def count_media_items(project: ReaperProject) -> int:
    return sum(len(track.items) for track in project.tracks)


@api_call("GetMediaItem")
def get_media_item(project: ReaperProject, index: int) -> MediaItem | None:
    return at([item for track in project.tracks for item in track.items], index)


@api_call("GetMediaItemInfo_Value")
def get_media_item_info_value(item: MediaItem, name: str) -> float:
    if name not in _ITEM_VALUES:
        raise NotSimulated(f"GetMediaItemInfo_Value: {name} is not simulated")
    return float(getattr(item, _ITEM_VALUES[name]))


@api_call("SetMediaItemInfo_Value")
def set_media_item_info_value(item: MediaItem, name: str, value: float) -> bool:
    if name not in _ITEM_VALUES:
        raise NotSimulated(f"SetMediaItemInfo_Value: {name} is not simulated")
    attribute = _ITEM_VALUES[name]
    setattr(item, attribute, type(getattr(item, attribute))(value))
    item.track.change_audio()
    return True


@api_call("GetSetMediaItemInfo_String")
def get_set_media_item_info_string(item: MediaItem, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name != "GUID" or is_set:
        raise NotSimulated(f"GetSetMediaItemInfo_String: {name} (set: {is_set}, {value}) is not simulated")
    return True, item.guid


# ---------------------------------------------------------------- takes and sources


@api_call("AddTakeToMediaItem")
def add_take_to_media_item(item: MediaItem) -> MediaTake:
    item.take = MediaTake(item)
    return item.take


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
