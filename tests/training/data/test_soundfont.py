"""Phrases of a soundfont: dry, alive, repeatable; nothing where nothing can play."""

from pathlib import Path

import numpy as np
import pytest

from bridge.errors import AudioError
from bridge.training.data.soundfont import SOUNDFONT_VARIABLE, find_soundfont, play_soundfont

RATE = 44100


def test_the_same_seed_plays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (play_soundfont(seed, sample_rate_hz=RATE, duration_s=3.0) for seed in (3, 3, 4))
    if first is None or again is None or other is None:
        pytest.skip("no FluidSynth or no soundfont here")
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])
    assert first[1].shape == (3 * RATE,)
    assert np.sqrt(np.mean(first[1] ** 2)) > 1e-3 and np.abs(first[1]).max() <= 0.91
    assert not np.array_equal(first[1], other[1])


def test_without_a_player_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(SOUNDFONT_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert play_soundfont(1, sample_rate_hz=RATE) is None


def test_a_named_soundfont_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(SOUNDFONT_VARIABLE, str(tmp_path / "kein.sf2"))
    with pytest.raises(AudioError, match=r"kein\.sf2"):
        find_soundfont()
    file = tmp_path / "ein.sf2"
    file.write_bytes(b"RIFF")
    monkeypatch.setenv(SOUNDFONT_VARIABLE, str(file))
    assert find_soundfont() == file
