"""Several tracks in one action with levels between them: the real daemon, the unmodified Lua, real plugins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from songs import RATE_HZ

from bridge.audio.synthesis import synthesise
from bridge.mix_balance.gains import MixBalance, RoleSums
from bridge.mix_balance.targets import SHIPPED, read_targets

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)

ACTION = "bridge_automix_levels.lua"
PLAYED = {
    "Kick + OH": ("drums", "drums"),
    "Bass DI": ("bass", "bass"),
    "Gtr": ("strings", "guitar"),
    "Lead Vox": ("voice", "vocals"),
}
TARGETS = read_targets(SHIPPED)


def add_tracks(session: LiveSession, *, level: float = 0.3) -> None:  # noqa: F821
    for number, (name, (kind, _)) in enumerate(PLAYED.items()):
        mono = synthesise(kind, duration_s=6.0, sample_rate_hz=RATE_HZ, seed=70 + number)
        track = session.reaper.project.add_track(name, level * np.repeat(mono, 2, axis=0), position_s=0.5 * number)
        track.add_fx("ReaEQ")
        track.add_fx("ReaComp")
        track.selected = True
    session.settle()


def mixed(session: LiveSession) -> MixBalance:  # noqa: F821
    """The mix as it sounds through plugins and faders."""
    mix = RoleSums(RATE_HZ)
    for track in session.reaper.project.tracks:
        mix.add(PLAYED[track.name][1], [np.float32(track.volume) * track.render(0.0, 8.0)[:, : 8 * RATE_HZ]])
    return mix.measure()


def test_tracks_come_to_the_levels_of_real_mixes_in_one_undo_step(open_session: Open, lua: str) -> None:
    session = open_session(lua=lua)
    add_tracks(session)
    session.reaper.project.tracks[1].volume = 2.0  # 6 dB up: it is heard, and stays where it is
    before = mixed(session)
    values = [fx.values() for track in session.reaper.project.tracks for fx in track.fx]
    points = len(session.reaper.undo_points)

    session.press(ACTION)

    assert session.reaper.messages.boxes == []
    after, said = mixed(session), "".join(session.reaper.messages.console)
    assert before.off_lu(TARGETS) > 3.0
    assert after.off_lu(TARGETS) < 0.5, said
    assert after.loudness_lufs == pytest.approx(before.loudness_lufs, abs=1.0)
    assert after.true_peak_dbtp <= 0.0
    assert "Levels between 4 tracks" in said and "Beside the others, bass was" in said
    assert [track.volume for track in session.reaper.project.tracks] == [1.0, 2.0, 1.0, 1.0]
    assert len(session.reaper.undo_points) == points + 1
    session.wait_for_empty_spool()
    assert session.reaper.undo()
    assert [fx.values() for track in session.reaper.project.tracks for fx in track.fx] == values
    session.press(ACTION)
    again = mixed(session)
    session.press(ACTION)
    assert "from those of real mixes already" in "".join(session.reaper.messages.console)[len(said) :]
    assert mixed(session).off_lu(TARGETS) == pytest.approx(again.off_lu(TARGETS), abs=0.1)


def test_a_sum_that_clips_comes_down(open_session: Open) -> None:
    session = open_session()
    add_tracks(session, level=3.0)
    assert mixed(session).true_peak_dbtp > 0.0
    session.press(ACTION)
    after = mixed(session)
    assert after.true_peak_dbtp <= 0.0
    assert after.off_lu(TARGETS) < 0.5


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({3: "Track 4"}, "it is not clear what Track 4 plays"),
        ({1: "Kick", 2: "Snare", 3: "Toms"}, "all of the tracks have one role"),
    ],
)
def test_unclear_roles_are_refused_and_named(open_session: Open, names: dict[int, str], said: str) -> None:
    session = open_session()
    add_tracks(session)
    for place, name in names.items():
        session.reaper.project.tracks[place].name = name
    before = [track.find_fx("ReaComp").values()["Wet"] for track in session.reaper.project.tracks]
    session.press(ACTION)
    assert said in session.reaper.messages.boxes[-1]
    assert [track.find_fx("ReaComp").values()["Wet"] for track in session.reaper.project.tracks] == before
    session.wait_for_empty_spool()


def test_a_track_that_cannot_be_set_leaves_the_levels(open_session: Open) -> None:
    session = open_session()
    add_tracks(session)
    session.reaper.project.tracks[3].is_muted = True
    session.press(ACTION)
    assert "Lead Vox could not be set, and without it the mix is another" in session.reaper.messages.boxes[-1]
    session.wait_for_empty_spool()
