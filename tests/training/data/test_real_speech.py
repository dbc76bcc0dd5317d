"""Recorded speech for scenes: its words alone, its room, its breaths; and what a table says of recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_speech import synthetic_speech

from bridge.audio.files import AudioWriter
from bridge.decibels import power_to_db
from bridge.training.data.real_speech import (
    in_whole_seconds,
    room_tone,
    single_breaths,
    speech_frames,
    with_air,
    words_alone,
)
from bridge.training.data.recording_notes import read_notes
from bridge.training.data.recordings import Recording, find_files
from bridge.training.data.scenes import Surroundings, draw_scene

RATE_HZ = 44_100
HEAD = "file\tfamily\tuse\twhat\n"


def breath(seed: int, duration_s: float = 0.4) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=round(duration_s * RATE_HZ))
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(noise.size, 1 / RATE_HZ) > 7000] = 0
    wave = np.fft.irfft(spectrum, noise.size) * np.hanning(noise.size)
    return (wave / np.abs(wave).max()).astype(np.float32)


@pytest.fixture
def spoken() -> np.ndarray:
    """Words in a room 50 dB below them, with a breath in a pause."""
    line = synthetic_speech(3, count=3)
    noise = np.random.default_rng(1).normal(size=line.size) * 10 ** (-50 / 20) * np.sqrt(np.mean(line**2))
    return (np.concatenate([line, 0 * line[: 2 * RATE_HZ]]) + np.resize(noise, line.size + 2 * RATE_HZ)).astype(
        np.float32
    )


def test_words_are_kept_and_what_sounds_beside_them_is_not(spoken: np.ndarray) -> None:
    start = spoken.size - RATE_HZ
    spoken[start : start + breath(0).size] += 0.02 * breath(0)
    line = words_alone(spoken, RATE_HZ, speech_frames(spoken, RATE_HZ))
    assert not line[start - RATE_HZ // 4 :].any()
    kept = np.sum(line[: spoken.size - 2 * RATE_HZ] ** 2) / np.sum(spoken[: spoken.size - 2 * RATE_HZ] ** 2)
    assert kept > 0.95


def test_the_rooms_tone_has_its_level_at_any_rate(spoken: np.ndarray) -> None:
    room = room_tone(spoken, RATE_HZ, speech_frames(spoken, RATE_HZ))
    assert room is not None
    own_db = power_to_db(float(np.mean(spoken[-RATE_HZ:] ** 2)))
    for rate_hz in (22_050, 48_000):
        noise = room.noise(np.random.default_rng(0), rate_hz, rate_hz)
        assert power_to_db(float(np.mean(noise**2))) == pytest.approx(own_db, abs=1.5)


def test_a_room_of_digital_silence_has_no_tone() -> None:
    audio = np.zeros(RATE_HZ, np.float32)
    assert room_tone(audio, RATE_HZ, speech_frames(audio, RATE_HZ)) is None


def test_breaths_come_one_by_one_and_air_is_added_only_above_them() -> None:
    quiet = np.zeros(RATE_HZ // 2, np.float32)
    audio = np.concatenate([quiet, breath(0), quiet, 0.5 * breath(1, 0.6), quiet])
    found = single_breaths(Recording("b", "b", audio[None], RATE_HZ))
    assert [round(one.size / RATE_HZ, 1) for one in found] == pytest.approx([0.4, 0.6], abs=0.15)
    airy = with_air(breath(2), RATE_HZ, np.random.default_rng(0))
    before, after = (np.abs(np.fft.rfft(one)) ** 2 for one in (breath(2), airy))
    frequency = np.fft.rfftfreq(airy.size, 1 / RATE_HZ)
    assert after[frequency < 6500].sum() == pytest.approx(before[frequency < 6500].sum(), rel=0.02)
    assert after[frequency > 8000].sum() > 100 * before[frequency > 8000].sum()


def test_other_rates_are_whole_seconds() -> None:
    assert in_whole_seconds(np.ones(50_000, np.float32), 48_000, RATE_HZ).size == 2 * RATE_HZ


def test_surroundings_are_in_the_truth_and_breaths_are_not(spoken: np.ndarray) -> None:
    frames = speech_frames(spoken, RATE_HZ)
    around = Surroundings(
        room=room_tone(spoken, RATE_HZ, frames),
        breaths=[breath(seed, 0.25) for seed in range(3)],
        bed=np.sin(np.arange(RATE_HZ) * 0.1).astype(np.float32),
        bed_below_db=30.0,
        highest_hz=4000.0,
    )
    line = words_alone(spoken, RATE_HZ, frames)
    scene = draw_scene(
        line, RATE_HZ, np.random.default_rng(5), side="train", duration_s=6.0, eventless=0.0, surroundings=around
    )
    assert scene.events and np.array_equal(scene.audio, scene.truth + scene.added)
    assert np.sqrt(np.mean(scene.truth[:, : RATE_HZ // 10] ** 2)) > 1e-4  # the bed, before the first word
    spectrum = np.abs(np.fft.rfft(scene.audio[0])) ** 2
    assert spectrum[np.fft.rfftfreq(scene.audio.size, 1 / RATE_HZ) > 4300].sum() < 1e-6 * spectrum.sum()


def test_a_table_tells_kind_family_and_side(tmp_path: Path) -> None:
    rows = {
        "vctk/a.wav": "vctk\ttrain\tspeech (English)",
        "ljspeech/b.wav": "ljspeech\ttrain\tspeech (English)",
        "other/c.wav": "other\tvalidate only (share-alike)\tvocals (solo)",
    }
    for name in (*rows, "else/d.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with AudioWriter(tmp_path / name, sample_rate_hz=RATE_HZ, channels=1) as file:
            file.write(breath(0)[None])
    (tmp_path / "MANIFEST.tsv").write_text(HEAD + "".join(f"{name}\t{row}\n" for name, row in rows.items()), "utf-8")
    notes = {path.name: one for path, one in read_notes(find_files([tmp_path])).items()}
    assert {name: (one.kind, one.side) for name, one in notes.items()} == {
        "a.wav": ("speech", "train"),
        "b.wav": ("speech", "test"),
        "c.wav": ("vocals", "test"),
    }
