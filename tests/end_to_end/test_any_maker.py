"""Plugins of any maker on a track, set by the real daemon through the unmodified scripts: hosted ones are measured and
rendered, others computed from what they display."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_up_lists import CONSOLE_EQ
from songs import song, tonal_distance_db

from bridge.standin.fx.fx import StandInFx
from bridge.standin.project.track import ReaperTrack

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)

COLOURED = {"Boost/Cut L": 0.82, "Boost/Cut H": 0.6, "Frequency L": 0.02}  # normalized


def pressed(session: "LiveSession", track: ReaperTrack, fx: StandInFx, dry: np.ndarray) -> list[str]:  # noqa: F821, UP037
    """Press on a track that `fx` alone colours: its tone comes twice as near, in one undo step. Returns the console."""
    before, coloured = fx.values(), track.render()
    assert tonal_distance_db(coloured, dry) > 1.0
    track.selected = True
    session.reaper.ext_state["Bridge", "add_fx"] = "no"
    session.settle()

    session.press()

    said = session.reaper.messages.console
    assert session.reaper.messages.boxes == [], said
    assert tonal_distance_db(track.render(), dry) < 0.5 * tonal_distance_db(coloured, dry), said
    assert session.reaper.undo()
    assert fx.values() == before
    return said


def test_an_equaliser_that_loads_here_is_set_by_what_is_measured_of_it(open_session: Open) -> None:
    session = open_session(lua="5.4", seed=3)
    dry = song(seed=4)
    track = session.reaper.project.add_track("Keys", dry)
    fx = track.add_fx("VST3: ZamEQ2")
    for name, normalized in COLOURED.items():
        fx.write(fx.index(name), normalized)
    said = pressed(session, track, fx, dry)
    assert not any("computed from what it displays" in line for line in said)


@pytest.mark.parametrize("seed", [1])
def test_an_equaliser_that_does_not_load_is_set_by_what_it_displays(open_session: Open, seed: int) -> None:
    session = open_session(lua="5.4", seed=seed)
    dry = song(seed=4)
    track = session.reaper.project.add_track("Keys", dry)
    fx = CONSOLE_EQ.double(seed)
    fx.formats_values = True
    track.put_fx(fx)
    for name, gain_db in {"LF Gain": 8.0, "HMF Gain": -7.0}.items():
        index = fx.index(name)
        grid = [step / 400 for step in range(401)]
        fx.write(index, min(grid, key=lambda n, index=index, gain_db=gain_db: abs(fx.laws[index].to_real(n) - gain_db)))
    fx.tick()
    said = pressed(session, track, fx, dry)
    assert any("Measured as it is heard" in line for line in said), said  # it was computed, so REAPER rendered it
