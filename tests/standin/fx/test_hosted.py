"""Real VST3 plugins in the chain, each in a process of its own."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.standin import StandIn
from bridge.standin.faults import Misuse

Run = Callable[[str], list[str]]


def test_a_plugin_sounds_and_shows_its_values(reaper: StandIn) -> None:
    track = reaper.project.tracks[0]
    before = track.render()
    zam = track.add_fx("VST3: ZamCompX2")
    for name, value in {"Threshold": 0.3, "Ratio": 0.8}.items():
        zam.write(zam.index(name), value)
    after = track.render()
    assert after.shape == before.shape
    assert np.square(after).mean() < 0.5 * np.square(before).mean()
    assert zam.values()["Threshold"][0] == pytest.approx(0.3, abs=1e-6)


def test_a_mono_plugin_hears_both_channels(reaper: StandIn) -> None:
    track = reaper.project.tracks[0]
    zam = track.add_fx("VST3: ZamComp")
    rendered = track.render()
    assert rendered.shape == (2, 24000)
    assert not np.array_equal(rendered[0], rendered[1])
    assert zam.name.startswith("VST3: ZamComp")


def test_formatting_is_refused_unless_the_plugin_can(run: Run, reaper: StandIn) -> None:
    zam = reaper.project.tracks[0].add_fx("VST3: ZamCompX2")
    ask = "say(reaper.TrackFX_FormatParamValueNormalized(track, 1, {}, 0.5, ''))".format(zam.index("Threshold"))
    assert run(ask) == ["false "]
    zam.formats_values = True
    assert run(ask)[1:] == [f"true {zam.text(zam.index('Threshold'), 0.5)}"]


def test_undo_reaches_into_the_plugin(reaper: StandIn) -> None:
    zam = reaper.project.tracks[0].add_fx("VST3: ZamCompX2")
    reaper.project.history.rebase()
    before = zam.values()["Makeup"]
    reaper.turn_knob(zam, "Makeup", 0.5)
    assert zam.values()["Makeup"] != before
    reaper.undo()
    assert zam.values()["Makeup"] == before


def test_scripts_add_installed_plugins_by_name(run: Run) -> None:
    said = run("""
        say(reaper.TrackFX_AddByName(track, 'VST3: ZamTube', false, -1))
        say(reaper.TrackFX_GetFXName(track, 1))
    """)
    assert said == ["1", "true VST3: ZamTube (Damien Zammit)"]


def test_a_plugin_whose_process_ends_is_named(reaper: StandIn) -> None:
    zam = reaper.project.tracks[0].add_fx("VST3: ZamCompX2")
    zam.close()
    with pytest.raises(Misuse, match=r"ZamCompX2\.vst3 ended its process"):
        zam.text(3)
