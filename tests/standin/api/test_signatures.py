"""REAPER's API as Lua sees it: the conventions of ReaScript, function by function where they are subtle."""

import pytest

from bridge.standin.api.binding import API_CALLS
from bridge.standin.api.distill import lua_signature
from bridge.standin.api.signatures import signatures


def test_the_whole_api_is_known() -> None:
    assert len(signatures()) == 868


def test_every_answer_belongs_to_a_function_that_lua_has() -> None:
    assert API_CALLS.keys() <= signatures().keys()
    assert [name for name in API_CALLS if signatures()[name].is_c_only] == []


@pytest.mark.parametrize(
    ("name", "args", "returns"),
    [
        ("TrackFX_GetParamNormalized", "MediaTrack* int int", "double"),
        ("TrackFX_GetParamName", "MediaTrack* int int string?", "bool string"),
        ("TrackFX_GetParamEx", "MediaTrack* int int", "double double double double"),
        ("TrackFX_GetEQParam", "MediaTrack* int int", "bool int int int double"),
        ("TrackFX_FormatParamValueNormalized", "MediaTrack* int int double string?", "bool string"),
        ("TrackFX_GetFXGUID", "MediaTrack* int", "string"),
        ("GetSet_LoopTimeRange2", "ReaProject* bool bool double double bool", "double double"),
        ("GetSetMediaTrackInfo_String", "MediaTrack* string string bool", "bool string"),
        ("GetTrackStateChunk", "MediaTrack* string bool?", "bool string"),
        ("GetAudioAccessorSamples", "AudioAccessor* int int double int array", "int"),
        ("EnumProjects", "int string?", "ReaProject* string"),
        ("genGuid", "string", "string"),
        ("InsertEnvelopePoint", "TrackEnvelope* double double int double bool bool?", "bool"),
        ("EnumInstalledFX", "int string? string?", "bool string string"),
        ("GetItemFromPoint", "int int bool", "MediaItem* MediaItem_Take*"),
        ("RecursiveCreateDirectory", "string int", "int"),
        ("Undo_BeginBlock2", "ReaProject*", ""),
    ],
)
def test_conventions(name: str, args: str, returns: str) -> None:
    signature = signatures()[name]
    assert " ".join(p.kind + "?" * p.is_optional for p in signature.args) == args
    assert " ".join(signature.returns) == returns


@pytest.mark.parametrize("name", ["LICE_Clear", "PCM_Sink_Create", "GetSetMediaTrackInfo", "kbd_OnMidiEvent"])
def test_what_needs_c_structures_is_not_there(name: str) -> None:
    assert signatures()[name].is_c_only


def test_the_distilling_of_one_function() -> None:
    c_arguments = ["MediaTrack* tr", "double* xOut", "char* bufOut", "int bufOut_sz", "bool* flagInOptional"]
    assert lua_signature(c_arguments, "bool") == {
        "args": ["MediaTrack* tr", "string? buf", "bool? flag"],
        "returns": ["bool", "double x", "string buf"],
    }
