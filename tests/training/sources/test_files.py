"""Recordings: grouped by song, split so that no song is on two sides, silent ones left out."""

from pathlib import Path

import numpy as np
import pytest

from bridge.audio.synthesis import KINDS
from bridge.errors import AudioError
from bridge.training.sources.files import FoundFile, find_files, read, split, synthesised


def test_stems_of_one_length_are_a_song_and_loops_are_not(folder: Path) -> None:
    groups = {file.name: file.group for file in find_files([folder])}
    assert groups["song01/bass.wav"] == groups["song01/drums.wav"] == "song01"
    assert groups["loops/loop0.flac"] == "loops/loop0.flac"
    assert groups["silence.wav"] == "silence.wav"


def test_a_file_below_two_of_the_folders_is_found_once(folder: Path) -> None:
    """Under two names it could be learned from by one and judged by the other."""
    for folders in ([folder, folder / "loops"], [folder / "loops", folder], [folder, folder]):
        paths = [file.path for file in find_files(folders)]
        assert len(paths) == len(set(paths)) == 13


def test_no_song_is_on_two_sides_and_every_file_is_on_one() -> None:
    songs = [FoundFile(f"song{s:02d}/{i}.wav", f"song{s:02d}", Path()) for s in range(20) for i in range(4)]
    loops = [FoundFile(f"loop{i}.wav", f"loop{i}.wav", Path()) for i in range(22)]
    sides = split([*songs, *loops])
    groups = {side: {file.group for file in files} for side, files in sides.items()}
    assert not groups["train"] & groups["validation"]
    assert not groups["test"] & (groups["train"] | groups["validation"])
    assert sum(map(len, sides.values())) == len(songs) + len(loops)
    assert {group for group in groups["test"] if group.startswith("song")} == {"song17", "song18", "song19"}
    assert {group for group in groups["validation"] if group.startswith("song")} == {"song14", "song15", "song16"}


def test_silence_is_left_out_and_the_rest_is_mono(folder: Path) -> None:
    recordings = read(find_files([folder]))
    assert len(recordings) == 12
    assert "silence.wav" not in {recording.name for recording in recordings}
    assert all(recording.audio.shape[0] == 1 for recording in recordings)


def test_a_folder_without_audio_names_itself(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("la la")
    with pytest.raises(AudioError, match=r"No audio file.*\.flac"):
        find_files([tmp_path])


def test_synthesised_recordings_repeat_with_their_seed() -> None:
    first, again = (synthesised(3, takes=1, sample_rate_hz=22050, duration_s=2.0) for _ in range(2))
    assert len(first) >= len(KINDS)
    for one, other in zip(first, again, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.audio, other.audio)
    names = {recording.name for recording in synthesised(4, takes=1, sample_rate_hz=22050, duration_s=2.0)}
    assert not names & {recording.name for recording in first}
