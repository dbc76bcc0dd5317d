"""Too little to hear: a time selection that was left over is no reason to change a track."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from songs import RATE_HZ, song

from bridge.audio.synthesis import synthesise
from bridge.types import Float32

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)

TAKES = {"Strings": ("strings", 5), "Drums": ("drums", 6), "Voice": ("voice", 7), "Pad": ("pad", 8)}


def good_take(kind: str, seed: int) -> Float32:
    return np.tile(synthesise(kind, duration_s=8.0, sample_rate_hz=RATE_HZ, seed=90_000 + seed), (2, 1))


@pytest.mark.parametrize("length_s", [0.02, 0.1, 0.2])
def test_a_leftover_selection_changes_nothing_and_is_named(open_session: Open, length_s: float) -> None:
    session = open_session(is_model_shipped=True)
    tracks = []
    for name, take in TAKES.items():
        track = session.reaper.project.add_track(name, good_take(*take))
        track.add_fx("ReaEQ")
        track.add_fx("ReaComp")
        track.selected = True
        tracks.append(track)
    session.reaper.project.time_selection = (3.0, 3.0 + length_s)
    session.settle()
    before = [[fx.values() for fx in track.fx] for track in tracks]
    session.press()
    assert [[fx.values() for fx in track.fx] for track in tracks] == before
    said = "".join(session.reaper.messages.console) + "".join(session.reaper.messages.boxes)
    assert said.count("too little to judge by") + said.count("is silent") == len(tracks)
    assert said.count("time selection") == len(tracks)


def test_the_console_says_which_stretch_was_heard_and_why(open_session: Open) -> None:
    session = open_session(is_model_shipped=True)
    track = session.reaper.project.add_track("Strings", song(seconds=6.0))
    track.add_fx("ReaEQ")
    track.add_fx("ReaComp")
    track.selected = True
    session.settle()
    session.press()
    assert "Listened to its items, from 0.0 s to 6.0 s." in "".join(session.reaper.messages.console)
    session.reaper.project.time_selection = (1.0, 4.5)
    session.press()
    assert "Listened to the time selection, from 1.0 s to 4.5 s." in "".join(session.reaper.messages.console)
