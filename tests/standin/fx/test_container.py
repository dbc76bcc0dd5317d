"""Containers: how REAPER's API numbers what is in them, what they sound like, and that undo restores them."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.standin import StandIn
from bridge.standin.fx.container import IN_CONTAINER, FxContainer, find_fx, number_of
from bridge.standin.project.track import ReaperTrack

Run = Callable[[str], list[str]]


@pytest.fixture
def track(reaper: StandIn) -> ReaperTrack:
    """ReaComp; a container with ReaEQ, a container with ReaComp, and ReaEQ in it; ReaEQ."""
    track = reaper.project.tracks[0]
    quiet = {"low_cut": "off"}
    inner = [track.add_fx("ReaEQ", **quiet), track.add_fx("ReaComp"), track.add_fx("ReaEQ", **quiet)]
    track.add_fx("ReaEQ", **quiet)
    for comp in (track.fx[0], inner[1]):
        comp.set_real_value("Ratio", 1.0)  # type: ignore[attr-defined]
    deep = track.put_in_container(inner[1])
    track.put_in_container(inner[0], deep, inner[2])
    reaper.project.history.rebase()
    return track


def test_numbers_are_those_of_the_documentation(track: ReaperTrack) -> None:
    outer = track.fx[1]
    assert isinstance(outer, FxContainer)
    assert len(track.fx) == 3
    assert number_of(track.fx, outer.fx[2]) == IN_CONTAINER + 3 * (3 + 1) + 2, "the API's own example"
    for fx in track.every_fx():
        assert find_fx(track.fx, number_of(track.fx, fx)) is fx
    assert find_fx(track.fx, IN_CONTAINER + 2) is outer
    for number in (IN_CONTAINER, IN_CONTAINER + 4, IN_CONTAINER + 4 * 4 + 2, IN_CONTAINER + 1 * 4 + 1, -1, 3):
        assert find_fx(track.fx, number) is None, number


def test_a_script_walks_through_containers(track: ReaperTrack, run: Run) -> None:
    (said,) = run("""
        local names = {}
        local function visit(fx)
          local _, kind = reaper.TrackFX_GetNamedConfigParm(track, fx, "fx_type")
          local has_parent, parent = reaper.TrackFX_GetNamedConfigParm(track, fx, "parent_container")
          names[#names + 1] = kind .. (has_parent and "<" .. parent or "")
          local _, count = reaper.TrackFX_GetNamedConfigParm(track, fx, "container_count")
          for item = 0, (tonumber(count) or 0) - 1 do
            local _, number = reaper.TrackFX_GetNamedConfigParm(track, fx, "container_item." .. item)
            visit(math.tointeger(tonumber(number)))
          end
        end
        for fx = 0, reaper.TrackFX_GetCount(track) - 1 do visit(fx) end
        say(table.concat(names, " "))
    """)
    deep = IN_CONTAINER + 2 * 4 + 2
    assert said == f"VST Container VST<1 Container<1 VST<{deep} VST<1 VST"


def test_a_number_in_a_container_changes_with_the_chain(track: ReaperTrack) -> None:
    fx = track.fx[1].fx[0]  # type: ignore[attr-defined]
    before = number_of(track.fx, fx)
    track.add_fx("ReaComp")
    assert number_of(track.fx, fx) != before


def test_what_is_in_a_container_is_set_heard_deleted_and_restored(
    reaper: StandIn, track: ReaperTrack, run: Run
) -> None:
    outer = track.fx[1]
    assert isinstance(outer, FxContainer)
    equaliser, dry = outer.fx[0], track.render()
    number = number_of(track.fx, equaliser)
    gain = equaliser.index("Global Gain")
    run(f"""
        reaper.Undo_BeginBlock2(0)
        reaper.TrackFX_SetParamNormalized(track, {number}, {gain}, 0.01)
        reaper.TrackFX_Delete(track, {number_of(track.fx, outer.fx[2])})
        reaper.Undo_EndBlock2(0, "in a container", 2)
    """)
    assert len(outer.fx) == 2
    assert np.abs(track.render()).max() < 0.5 * np.abs(dry).max()
    outer.is_enabled = False
    assert np.array_equal(track.render(), dry), "the others are at rest"
    reaper.undo()  # the script's own point, then the block
    reaper.undo()
    assert len(outer.fx) == 3
    assert equaliser.read_normalized(gain) != 0.01


def test_a_parallel_fx_gets_what_the_one_before_it_got(track: ReaperTrack) -> None:
    dry = track.render()
    track.fx[2].is_parallel = True
    assert np.allclose(track.render(), 2.0 * dry, atol=1e-6)
