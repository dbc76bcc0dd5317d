"""Levels of roles measured on songs whose balance is known."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bridge.audio.files import AudioWriter
from bridge.audio.loudness import loudness_lufs
from bridge.audio.synthesis import synthesise
from bridge.cli import main
from bridge.decibels import db_to_amplitude
from bridge.errors import AudioError
from bridge.training.fit_mix_balance import find_songs

RATE = 44100
BALANCE_LUFS = {"drums": -26.0, "bass": -30.0, "vocals": -22.0}
KINDS = {"drums": "drums", "bass": "bass", "vocals": "voice"}


HELD_BACK = (3, 4)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("songs"), BALANCE_LUFS)


def record(folder: Path, learned_lufs: dict[str, float]) -> Path:
    """Five songs in `BALANCE_LUFS`, but those to learn from in another balance."""
    for number in range(5):
        song = folder / f"song {number}"
        song.mkdir()
        balance_lufs = BALANCE_LUFS if number in HELD_BACK else learned_lufs
        for role, kind in KINDS.items():
            audio = synthesise(kind, duration_s=3.0, sample_rate_hz=RATE, seed=10 * number)
            gain = db_to_amplitude(balance_lufs[role] - loudness_lufs(audio, RATE))
            with AudioWriter(song / f"{role}.wav", sample_rate_hz=RATE, channels=1) as writer:
                writer.write(np.float32(gain) * audio)
    return folder


def test_the_balance_of_songs_is_found_and_leads_to_those_held_back(songs: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    arguments = ["--home", str(home), "levels", "measure", str(songs), "--use", "--json", "-", "--source", "five songs"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    found = json.loads(result.output)
    levels = {role: level["relative_lu"] for role, level in found["targets"]["roles"].items()}
    assert levels["bass"] - levels["vocals"] == pytest.approx(-8.0, abs=0.3)
    assert levels["drums"] - levels["vocals"] == pytest.approx(-4.0, abs=0.3)
    assert found["held_back"] == ["song 3", "song 4"]
    assert max(found["distance"]["by_roles"]) < 0.3
    assert np.median(found["distance"]["equal"]) > 2.0
    shown = CliRunner().invoke(main, ["--home", str(home), "levels", "show", "--json", "-"], catch_exceptions=False)
    assert json.loads(shown.output)["source"] == "five songs"


def test_where_the_levels_lie_is_said_and_that_they_are_not_used_yet(songs: Path, tmp_path: Path) -> None:
    arguments = ["--home", str(tmp_path / "home"), "levels", "measure", str(songs), "-o", str(tmp_path / "my.json")]
    told = CliRunner().invoke(main, arguments, catch_exceptions=False).output
    assert f"The levels lie in {tmp_path / 'my.json'}." in told and "--use makes them yours" in told
    assert (tmp_path / "my.json").is_file() and not (tmp_path / "home" / "levels.json").exists()


def test_folders_without_songs_are_refused(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "bass.wav", sample_rate_hz=RATE, channels=1) as writer:
        writer.write(synthesise("bass", duration_s=1.0, sample_rate_hz=RATE, seed=1))
    with pytest.raises(AudioError, match="stems of one length"):
        find_songs([tmp_path])


def test_levels_that_do_worse_than_the_shipped_ones_are_not_used_unless_one_insists(tmp_path: Path) -> None:
    folder, own, home = tmp_path / "songs", tmp_path / "my.json", tmp_path / "home"
    folder.mkdir()
    record(folder, {"drums": -18.0, "bass": -16.0, "vocals": -40.0})
    arguments = ["--home", str(home), "levels", "measure", str(folder)]

    warned = CliRunner().invoke(main, [*arguments, "-o", str(own)])
    assert warned.exit_code == 0 and own.is_file()
    numbers = r"on 2 songs held back these levels lie \d+\.\d LU from the real mixes, farther than the shipped levels"
    assert re.search(r"^Warning: " + numbers + r" \(\d+\.\d LU\)", warned.stderr, re.MULTILINE), warned.stderr
    refused = CliRunner().invoke(main, [*arguments, "--use"])
    assert refused.exit_code == 1 and not (home / "levels.json").exists()
    assert re.search(r"^Error: .*farther than the shipped levels.*--force", refused.stderr, re.MULTILINE)
    forced = CliRunner().invoke(main, [*arguments, "--use", "--force"])
    assert forced.exit_code == 0 and "Warning: " in forced.stderr
    assert (home / "levels.json").is_file()
