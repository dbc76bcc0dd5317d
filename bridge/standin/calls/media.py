"""Answers about items, their takes, and the sources that takes play."""

from __future__ import annotations

from pathlib import Path

from bridge.audio.files import read_audio
from bridge.errors import AudioError
from bridge.standin.api.binding import answers
from bridge.standin.calls.lists import at
from bridge.standin.faults import NotSimulated
from bridge.standin.program import Program
from bridge.standin.projects.media import Item, Source, Take
from bridge.standin.projects.owners import OwningTrack
from bridge.standin.projects.project import Project
from bridge.standin.projects.track import Track


def _items(reaper: Program, project: Project | None) -> list[Item]:
    return [item for track in reaper.project_of(project).tracks for item in track.items]


@answers("CountTrackMediaItems", "GetTrackNumMediaItems")
def count_track_items(_reaper: Program, track: Track) -> int:
    return len(track.items)


@answers("GetTrackMediaItem")
def get_track_item(_reaper: Program, track: Track, index: int) -> Item | None:
    return at(track.items, index)


@answers("CountMediaItems")
def count_items(reaper: Program, project: Project | None) -> int:
    return len(_items(reaper, project))


@answers("GetMediaItem")
def get_item(reaper: Program, project: Project | None, index: int) -> Item | None:
    return at(_items(reaper, project), index)


@answers("IsMediaItemSelected")
def is_item_selected(_reaper: Program, item: Item) -> bool:
    return item.is_selected


@answers("GetMediaItemTrack")
def get_item_track(_reaper: Program, item: Item) -> OwningTrack:
    return item.track


@answers("GetMediaItemInfo_Value")
def item_value(_reaper: Program, item: Item, name: str) -> float:
    values = {"D_POSITION": item.position_s, "D_LENGTH": item.length_s}
    if name not in values:
        raise NotSimulated(f"GetMediaItemInfo_Value: {name} is not simulated")
    return values[name]


@answers("SetMediaItemInfo_Value")
def set_item_value(_reaper: Program, item: Item, name: str, value: float) -> bool:
    if name not in ("D_POSITION", "D_LENGTH"):
        raise NotSimulated(f"SetMediaItemInfo_Value: {name} is not simulated")
    if name == "D_POSITION":
        item.position_s = value
    else:
        item.length_s = value
    item.track.change_audio()
    return True


@answers("GetSetMediaItemInfo_String")
def item_text(_reaper: Program, item: Item, name: str, value: str, is_set: bool) -> tuple[bool, str]:
    if name != "GUID" or is_set:
        raise NotSimulated(f"GetSetMediaItemInfo_String: {name} (set: {is_set}, {value}) is not simulated")
    return True, item.guid


@answers("AddMediaItemToTrack")
def add_item(_reaper: Program, track: Track) -> Item:
    return track.add_empty_item()


# ---------------------------------------------------------------- takes and sources


@answers("GetActiveTake")
def get_active_take(_reaper: Program, item: Item) -> Take | None:
    return item.take


@answers("AddTakeToMediaItem")
def add_take(_reaper: Program, item: Item) -> Take:
    item.take = Take(item)
    return item.take


@answers("GetTakeName")
def get_take_name(_reaper: Program, take: Take) -> str:
    return take.name


@answers("SetMediaItemTake_Source")
def set_take_source(_reaper: Program, take: Take, source: Source) -> bool:
    take.item.audio, take.name = source.audio_at(take.item.track.project.sample_rate_hz), source.name
    take.item.track.change_audio()
    return True


@answers("PCM_Source_CreateFromFile")
def create_source(_reaper: Program, file: str) -> Source | None:
    try:
        audio, rate_hz = read_audio(Path(file))
    except AudioError:
        return None
    return Source(Path(file).name, audio, rate_hz)


@answers("GetMediaSourceLength")
def source_length(_reaper: Program, source: Source) -> tuple[float, bool]:
    return source.length_s, False
