"""The other actions with the real daemon and the shipped models: a reference, settings that move."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import numpy as np
import pytest
from songs import RATE_HZ, song, tonal_distance_db

from bridge.training.data.scenes import draw_scene
from bridge.training.data.voices import synthesise_speech

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)


def test_a_track_comes_closer_to_its_reference(open_session: Open, lua: str) -> None:
    session = open_session(lua=lua, is_model_shipped=True)
    project = session.reaper.project
    track = project.add_track("Strings", song(seed=1))
    for name in ("ReaEQ", "ReaComp"):
        track.add_fx(name)
    track.selected = True
    spectrum = np.fft.rfft(song(seed=3))
    tilt = np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 1) / 4000.0)
    bright = np.fft.irfft(spectrum * np.minimum(tilt, 3.0)).astype(np.float32)
    project.add_track("Reference", (0.3 * bright / np.abs(bright).max()).astype(np.float32))
    session.settle()
    before = tonal_distance_db(track.render(), project.tracks[1].render())
    session.press("bridge_match_reference.lua")
    assert session.reaper.messages.boxes == []
    after = tonal_distance_db(track.render(), project.tracks[1].render())
    assert after < 0.9 * before, (before, after, session.reaper.messages.console)
    session.wait_for_empty_spool()


@pytest.mark.parametrize(("model", "fx"), [("nonspeech", ["ReaEQ"]), ("channel-strip", ["ReaEQ", "ReaComp"])])
def test_missing_fx_are_added_whatever_the_model(open_session: Open, model: str, fx: list[str]) -> None:
    session = open_session(is_model_shipped=True)
    session.reaper.ext_state[("Bridge", "model")] = model
    track = session.reaper.project.add_track("Voice", song(seed=1))
    track.selected = True
    session.settle()
    session.press("bridge_add_missing_fx.lua")
    assert session.reaper.messages.boxes == []
    assert [added.original_name for added in track.fx] == [f"VST: {name} (Cockos)" for name in fx]
    session.press("bridge_add_missing_fx.lua")
    assert "Nothing to add" in "".join(session.reaper.messages.console)
    assert len(track.fx) == len(fx)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_pops_go_down_by_an_envelope(open_session: Open) -> None:
    (take,) = synthesise_speech("test", 31, takes=1, sample_rate_hz=RATE_HZ)
    scene = draw_scene(take.audio[0], RATE_HZ, np.random.default_rng(3), side="test", duration_s=12.0, eventless=0.0)
    session = open_session(is_model_shipped=True)
    session.reaper.ext_state[("Bridge", "model")] = "nonspeech"
    track = session.reaper.project.add_track("Voice", np.asarray(scene.audio, np.float32), position_s=3.0)
    eq = track.add_fx("ReaEQ", low_cut="off")
    track.selected = True
    session.settle()
    session.press()
    assert 'run "Bridge: Write as automation"' in "".join(session.reaper.messages.console)
    session.press("bridge_write_automation.lua")
    assert session.reaper.messages.boxes == []
    gain = next(e for e in track.envelopes if eq.eq_role(e.parameter).kind == 1)
    values = [gain.normalized(gain.at(time_s)) for time_s in np.arange(3.0, 15.0, 0.01)]
    rest = gain.normalized(gain.at(0.0))
    assert min(values) < rest - 0.03
    assert np.mean(np.isclose(values, rest, atol=0.01)) > 0.3  # words are left as they are
    assert gain.normalized(gain.at(20.0)) == pytest.approx(rest, abs=1e-4)
    session.reaper.undo()
    assert track.envelopes == []
