"""What a render writes, by the settings that a project holds; and that it leaves them and the undo history alone."""

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.spool_wav import read_float_wav
from bridge.standin import StandIn
from bridge.standin.faults import NotSimulated
from bridge.standin.project.rendering import FLOAT_WAVE, PRE_FADER, STEMS, RenderFault, render_project, targets
from bridge.standin.project.track import ReaperTrack

RATE_HZ = 48000
SETTINGS = {"RENDER_SETTINGS": STEMS | PRE_FADER, "RENDER_BOUNDSFLAG": 0, "RENDER_STARTPOS": 0.1, "RENDER_ENDPOS": 0.3,
            "RENDER_CHANNELS": 2, "RENDER_SRATE": RATE_HZ, "RENDER_ADDTOPROJ": 0, "RENDER_NORMALIZE": 0,
            "RENDER_TAILFLAG": 0}  # fmt: skip


@pytest.fixture
def guitar(reaper: StandIn, tmp_path: Path) -> ReaperTrack:
    """The selected track, with a fader that is down, in a project that renders stems before faders."""
    project = reaper.project
    project.render_numbers |= SETTINGS
    project.render_texts |= {
        "RENDER_FILE": str(tmp_path), "RENDER_PATTERN": "stem", "RENDER_FORMAT": FLOAT_WAVE, "RENDER_FORMAT2": "",
    }  # fmt: skip
    project.tracks[0].volume = 0.5
    return project.tracks[0]


def rendered(reaper: StandIn) -> np.ndarray:
    (path,) = render_project(reaper.project)
    audio, rate_hz = read_float_wav(path)
    assert rate_hz == RATE_HZ
    return audio


def test_a_stem_is_the_track_behind_its_fx(reaper: StandIn, guitar: ReaperTrack) -> None:
    whole = guitar.render(0.1, 0.3)
    points, numbers = reaper.undo_points, dict(reaper.project.render_numbers)
    assert np.allclose(rendered(reaper), whole, atol=1e-6)
    reaper.project.render_numbers["RENDER_SETTINGS"] = STEMS
    assert np.allclose(rendered(reaper), 0.5 * whole, atol=1e-6)
    assert (reaper.undo_points, reaper.project.render_numbers) == (points, numbers | {"RENDER_SETTINGS": STEMS})


def test_what_is_muted_or_not_soloed_is_silent(reaper: StandIn, guitar: ReaperTrack) -> None:
    other = reaper.project.add_track("Other")
    other.solo = 1
    assert not rendered(reaper).any()
    guitar.solo = 2
    assert rendered(reaper).any()
    guitar.is_muted = True
    assert not rendered(reaper).any()


def test_a_bus_holds_what_it_receives(reaper: StandIn, guitar: ReaperTrack) -> None:
    bus = reaper.project.add_track("Bus")
    bus.add_receive(guitar)
    guitar.is_selected, bus.is_selected = False, True
    assert np.allclose(rendered(reaper), 0.5 * guitar.render(0.1, 0.3), atol=1e-6)


def test_several_tracks_make_several_files(reaper: StandIn, guitar: ReaperTrack, tmp_path: Path) -> None:
    reaper.project.add_track("Other").is_selected = True
    assert targets(reaper.project) == [tmp_path / "stem-001.wav", tmp_path / "stem-002.wav"]
    assert render_project(reaper.project) == targets(reaper.project)


def test_a_second_format_is_written_as_well(reaper: StandIn, guitar: ReaperTrack, tmp_path: Path) -> None:
    reaper.project.render_texts["RENDER_FORMAT2"] = "bDNwbQ=="
    render_project(reaper.project)
    assert (tmp_path / "stem.mp3").is_file()


def test_an_envelope_on_a_bypass_overrides_what_was_set(reaper: StandIn, guitar: ReaperTrack) -> None:
    comp = guitar.fx[0]
    guitar.fx_envelope(comp, comp.find(":bypass"))
    comp.is_enabled = False
    render_project(reaper.project)
    assert comp.is_enabled


@pytest.mark.parametrize(("fault", "share"), [(RenderFault(), 0.0), (RenderFault(share=0.5), 0.5)])
def test_renders_go_wrong(reaper: StandIn, guitar: ReaperTrack, fault: RenderFault, share: float) -> None:
    reaper.project.render_fault = fault
    assert len(render_project(reaper.project)) == (share > 0)
    if share:
        assert rendered(reaper).shape == (2, round(share * 0.2 * RATE_HZ))


def test_other_settings_are_not_guessed(reaper: StandIn, guitar: ReaperTrack) -> None:
    reaper.project.render_numbers["RENDER_NORMALIZE"] = 1
    with pytest.raises(NotSimulated):
        render_project(reaper.project)
