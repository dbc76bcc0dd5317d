"""The main job: the real daemon process, the unmodified Lua, real plugins, from one action to one undo step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from songs import RATE_HZ, song, tonal_distance_db

from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.chain_file import load_chain
from bridge.plugins.chain.display_law import parse_display
from bridge.plugins.host.host import PluginHost
from bridge.types import Float32

PLUGIN = "ZamEQ2"
COLOURED = {"Boost/Cut L": 0.9, "Boost/Cut H": 0.4}  # normalized values at which it colours the sound

Open = Callable[..., "LiveSession"]  # noqa: F821 (the fixture's type)


def boom(eq) -> None:  # type: ignore[no-untyped-def]
    """Turn every gain of an EQ up or down, by what it displays: whatever its law is."""
    gains = [p for p in eq.parameters if "gain" in p.name.lower() and "global" not in p.name.lower()]
    for wanted_db, parameter in zip((9.0, 7.0, -8.0, -8.0, 5.0), gains, strict=False):
        grid = np.linspace(0, 1, 401)
        shown = [abs((parse_display(parameter.text(n)) or 0.0) - wanted_db) for n in grid]
        eq.write(eq.index(parameter.name), float(grid[int(np.argmin(shown))]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_stock_plugins_are_set_back_in_one_undo_step(open_session: Open, lua: str, seed: int) -> None:
    session = open_session(lua=lua, seed=seed)
    project = session.reaper.project
    dry = song()
    track = project.add_track("Guitar", dry)
    eq, compressor = track.add_fx("ReaEQ"), track.add_fx("ReaComp")
    boom(eq)
    before, coloured = (eq.values(), compressor.values()), track.render()
    track.selected = True
    session.settle()
    points = len(session.reaper.undo_points)

    session.press()

    assert session.reaper.messages.boxes == []
    assert len(session.reaper.undo_points) == points + 1
    after = track.render()
    said = session.reaper.messages.console
    assert tonal_distance_db(after, dry) < 0.5 * tonal_distance_db(coloured, dry), said
    assert loudness_lufs(after, RATE_HZ) == pytest.approx(loudness_lufs(coloured, RATE_HZ), abs=1.5)
    assert true_peak_dbtp(after, RATE_HZ) <= max(0.0, true_peak_dbtp(coloured, RATE_HZ))
    session.wait_for_empty_spool()
    assert session.reaper.undo()
    assert (eq.values(), compressor.values()) == before
    assert np.array_equal(track.render(), coloured)


def test_the_same_vst3_plugin_in_both_places(open_session: Open, lua: str, vst3_chain: Chain) -> None:
    session = open_session(lua=lua, chain=vst3_chain)
    dry = song(seed=4)
    track = session.reaper.project.add_track("Keys", dry)
    fx = track.add_fx(f"VST3: {PLUGIN}")
    for name, normalized in COLOURED.items():
        fx.write(fx.index(name), normalized)
    before, coloured = fx.values(), track.render()
    assert tonal_distance_db(coloured, dry) > 1.0
    track.selected = True
    session.settle()

    session.press()

    assert session.reaper.messages.boxes == []
    said = session.reaper.messages.console
    assert tonal_distance_db(track.render(), dry) < 0.5 * tonal_distance_db(coloured, dry), said
    assert session.reaper.undo()
    assert fx.values() == before


def test_other_plugins_on_the_track_are_left_alone_and_named(open_session: Open) -> None:
    session = open_session()
    track = session.reaper.project.add_track("Guitar", song())
    other = track.add_fx("VST3: ZamDelay")
    eq = track.add_fx("ReaEQ")
    track.add_fx("ReaComp")
    boom(eq)
    values = other.values()
    track.selected = True
    session.press()
    assert other.values() == values
    assert "ZamDelay" in session.reaper.messages.console[-1]


def test_missing_fx_are_added_on_request_in_the_same_undo_step(open_session: Open, lua: str) -> None:
    session = open_session(lua=lua, is_model_shipped=True)
    track = session.reaper.project.add_track("Vocals", muddy())
    track.selected = True
    session.settle()
    points = len(session.reaper.undo_points)
    session.press()
    assert track.fx == []
    assert "adding missing FX" in session.reaper.messages.boxes[-1]
    session.press("bridge_automix_add_fx.lua")
    assert sorted(fx.original_name for fx in track.fx) == ["VST: ReaComp (Cockos)", "VST: ReaEQ (Cockos)"]
    assert len(session.reaper.undo_points) == points + 1
    assert session.reaper.undo()
    assert track.fx == []


def test_several_tracks_are_one_action_and_one_undo_step(open_session: Open) -> None:
    session = open_session()
    tracks = []
    for number in range(4):
        track = session.reaper.project.add_track(f"Track {number}", song(seed=number, seconds=4.0))
        boom(track.add_fx("ReaEQ"))
        track.add_fx("ReaComp")
        track.selected = True
        tracks.append(track)
    before = [track.fx[0].values() for track in tracks]
    session.settle()
    points = len(session.reaper.undo_points)
    session.press()
    assert len(session.reaper.undo_points) == points + 1
    assert all(track.fx[0].values() != values for track, values in zip(tracks, before, strict=True))
    assert session.reaper.undo()
    assert [track.fx[0].values() for track in tracks] == before


def muddy() -> Float32:
    """A voice with 12 dB too much around 250 Hz and 15 dB too little on top: made on the spectrum."""
    audio = synthesise("voice", duration_s=8.0, sample_rate_hz=RATE_HZ, seed=4)
    spectrum = np.fft.rfft(audio)
    octave = np.log2(np.maximum(np.fft.rfftfreq(audio.shape[1], 1 / RATE_HZ), 1.0))
    gain_db = 12 * np.exp(-((octave - np.log2(250)) ** 2)) - 15 / (1 + np.exp(-3 * (octave - np.log2(5000))))
    muddy_audio = np.fft.irfft(spectrum * db_to_amplitude(gain_db), audio.shape[1])
    return np.asarray(0.5 * muddy_audio / np.abs(muddy_audio).max(), np.float32)


@pytest.fixture(scope="module")
def vst3_chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A chain of one VST3 plugin, its controls calibrated through the plugin itself."""
    text = f'name = "one"\n[[slot]]\nname = "one"\nplugin = "vst3:{PLUGIN}"\n'
    text += "".join(f'[slot.control."{name}"]\n' for name in COLOURED)
    file = tmp_path_factory.mktemp("chain") / "one.toml"
    file.write_text(text, encoding="utf-8")
    with PluginHost(workers=1) as host:
        return load_chain(file, calibrate=host.calibrate)
