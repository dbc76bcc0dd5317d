"""What else is active on the track: settings are judged by what is heard, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from pedalboard import LowShelfFilter, PeakFilter
from pedalboard._pedalboard import Pedalboard
from songs import RATE_HZ, muddy, song, tonal_distance_db
from track_fx import as_vst2, corrected, stock

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.types import Float32

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)

NEAR_DB = 0.05


def unsaid_change_lu(before: Float32, after: Float32, said: str) -> float:
    """By how much the loudness changes beside what is said of it."""
    told = re.search(r"The loudness changes by (\S+) LU", said)
    return loudness_lufs(after, RATE_HZ) - loudness_lufs(before, RATE_HZ) - (float(told[1]) if told else 0.0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_track_that_another_eq_has_put_right_does_not_get_worse(open_session: Open, seed: int) -> None:
    session = open_session(seed=seed, is_model_shipped=True)
    dry = song(seed=seed + 1)
    track = session.reaper.project.add_track("Guitar", muddy(dry))
    corrected(track.add_fx("VST3: ZamEQ2"))
    stock(track)
    session.settle()
    before = tonal_distance_db(track.render(), dry)
    session.press()
    after = tonal_distance_db(track.render(), dry)
    assert after <= before + NEAR_DB, (before, after, session.reaper.messages.console)


@pytest.mark.parametrize("seed", [0, 2])
def test_what_bridge_cannot_render_makes_it_leave_the_track_alone_and_say_why(open_session: Open, seed: int) -> None:
    session = open_session(seed=seed, is_model_shipped=True)
    session.reaper.ext_state[("Bridge", "render")] = (
        "never"  # else REAPER renders it: test_any_track, test_verification
    )
    track = session.reaper.project.add_track("Guitar", muddy(song(seed=seed + 1)))
    other = track.add_fx("VST3: ZamEQ2")
    corrected(other)
    as_vst2(other)
    stock(track)
    session.settle()
    before, points = [fx.values() for fx in track.fx], len(session.reaper.undo_points)
    session.press()
    assert [fx.values() for fx in track.fx] == before
    assert len(session.reaper.undo_points) == points
    assert "VST: ZamEQ2 (Damien Zammit)" in session.reaper.messages.console[-1].splitlines()[0]


def test_a_second_equaliser_is_rendered_as_it_stands(open_session: Open) -> None:
    session = open_session(is_model_shipped=True)
    dry = song(seed=1)
    track = session.reaper.project.add_track("Guitar", muddy(dry))
    stock(track)
    own = track.add_fx("ReaEQ", low_cut="off")
    gains = [p.name for p in own.parameters if p.name.startswith("Gain-")]
    for name, gain_db in ((gains[0], -9.0), (gains[-1], 8.0)):
        own.set_real_value(name, gain_db)
    session.settle()
    before = tonal_distance_db(track.render(), dry)
    session.press()
    assert "cannot render" not in session.reaper.messages.console[-1]
    after = tonal_distance_db(track.render(), dry)
    assert after <= before + NEAR_DB, (before, after, session.reaper.messages.console)


def test_an_amplifier_before_the_equaliser_is_rendered(open_session: Open) -> None:
    session = open_session(is_model_shipped=True)
    track = session.reaper.project.add_track("Guitar DI", 0.5 * song(seed=1))
    amplifier = track.add_fx("VST3: ZamTube")
    amplifier.write(amplifier.index("Tube Drive"), 0.8)
    stock(track)
    session.settle()
    before = track.render()
    session.press()
    said = session.reaper.messages.console[-1]
    assert "cannot render" not in said
    assert unsaid_change_lu(before, track.render(), said) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("seeds", [(0, 1), (12, 13), (14, 15)])
def test_without_a_compressor_the_loudness_stays(open_session: Open, seeds: tuple[int, int]) -> None:
    """Of a muddy take and of a thin one, of which at least one is changed."""
    changed = []
    for seed in seeds:
        session = open_session(seed=seed, is_model_shipped=True)
        take = song(seed=seed + 1)
        thin = Pedalboard([PeakFilter(2500, 9.0, 0.8), LowShelfFilter(300, -8, 0.7)])
        track = session.reaper.project.add_track("Guitar", thin(take, RATE_HZ) if seed % 2 else muddy(take))
        track.add_fx("ReaEQ", low_cut="off")
        track.selected = True
        session.settle()
        before = track.render()
        session.press()
        after = track.render()
        assert unsaid_change_lu(before, after, session.reaper.messages.console[-1]) == pytest.approx(0.0, abs=0.5)
        assert true_peak_dbtp(after, RATE_HZ) <= max(0.0, true_peak_dbtp(before, RATE_HZ))
        changed.append(not np.array_equal(before, after))
    assert any(changed)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_would_clip_behind_a_limiter_is_not_added(open_session: Open, seed: int) -> None:
    session = open_session(seed=seed, is_model_shipped=True)
    track, limiter = limited(session, 0.99, threshold=0.4, seed=seed)
    before_dbtp = true_peak_dbtp(track.render(), RATE_HZ)
    session.press("bridge_automix_add_fx.lua")
    assert track.fx == [limiter]
    assert true_peak_dbtp(track.render(), RATE_HZ) <= max(0.0, before_dbtp) + NEAR_DB, session.reaper.messages.console


def test_fx_are_added_before_a_limiter_and_rendered_through_it(open_session: Open) -> None:
    session = open_session(is_model_shipped=True)
    track, limiter = limited(session, 0.4, threshold=0.95)
    before = track.render()
    session.press("bridge_automix_add_fx.lua")
    after, said = track.render(), session.reaper.messages.console[-1]
    assert [fx.original_name for fx in track.fx[:-1]] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"], said
    assert track.fx[-1] is limiter
    assert unsaid_change_lu(before, after, said) == pytest.approx(0.0, abs=0.5)
    assert true_peak_dbtp(after, RATE_HZ) <= 0.0


def limited(session, peak: float, *, threshold: float, seed: int = 0):  # type: ignore[no-untyped-def]
    """A track that ends in a limiter, and the limiter."""
    take = muddy(song(seed=seed + 1))
    track = session.reaper.project.add_track("Guitar", (peak * take / np.abs(take).max()).astype(np.float32))
    limiter = track.add_fx("VST3: ZaMaximX2")
    limiter.write(limiter.index("Threshold"), threshold)
    track.selected = True
    session.settle()
    return track, limiter
